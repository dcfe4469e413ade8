  step  cpu0                              cpu1                              hardware and devices
     5  locks d1v0.vgic.lock
     6  unlocks d1v0.vgic.lock
     8  changes d1v0.pause_flags
     9                                                                      env.line48
                                                                            * INTID 48 the line rose, generation 1
    10                                                                      env.line48
    11  takes an interrupt
        * INTID 48 Xen acknowledged the SPI, on pCPU 0
    14  locks irq48.lock
    15  reads irq48.status
    17  changes irq48.status
    18  reads d1.rank1.vcpu
    19  locks d1v0.vgic.lock
    20  reads d1.irq48.owner
    21  reads d1.rank1.vcpu
    23  reads d1v0.pause_flags
        * d1 INTID 48 injected into vCPU 0
    24  changes d1.irq48.status
    26  reads d1.irq48.status
        * d1 INTID 48 written into list register 0
    28  changes d1.irq48.status
    29  changes d1.irq48.status
    30  writes d1.irq48.owner
    31  unlocks d1v0.vgic.lock
    32  reads d1v0.is_running
    33  changes d1v0.pause_flags
    35                                                                      env.line48
                                                                            * INTID 48 the line rose, generation 2
                                          * d1 INTID 48 disabled by vCPU 1
    49                                    reads d1.rank1.vcpu
    50                                    locks d1v0.vgic.lock
    51                                    changes d1.irq48.status
    53                                    unlocks d1v0.vgic.lock
    54                                    locks irq48.lock
    57  reads d1v0.pause_flags
    59  unlocks irq48.lock
    60                                    has waited for irq48.lock
    62                                    locks gicv3.lock
    64                                                                      cpu1.hw
    66                                    changes irq48.status
    67                                    unlocks gicv3.lock
    68                                    unlocks irq48.lock
    87                                    reads d1.rank1.vcpu
    88                                    reads d1.rank1.vcpu
                                          * d1 INTID 48 guest moves it, to vCPU 1
    89                                    locks d1v0.vgic.lock
    91                                    reads d1.irq48.status
    92                                    reads d1.irq48.status
    94                                    writes d1.rank1.vcpu
    95                                    changes d1.irq48.status
                                          * d1 INTID 48 in a list register: MIGRATING set, new vCPU 1
    96                                    unlocks d1v0.vgic.lock
   115                                    reads d1.rank1.vcpu
                                          * d1 INTID 48 enabled by vCPU 1
   117                                    changes d1.irq48.status
   119                                    reads d1.irq48.status
   121                                    reads d1.irq48.owner
   122                                    reads d1v0.is_running
   123                                    changes d1v0.pause_flags
   126                                    sends an SGI to cpu0
                                          * d1 INTID 48 physical route set at once, to pCPU 1
   130                                                                      cpu0.sgi
   132                                    locks gicv3.lock
   134                                    unlocks gicv3.lock
   135                                    locks irq48.lock
   137                                    locks gicv3.lock
   138                                    changes irq48.status
   142  locks d1v0.vgic.lock
   143  reads d1.irq48.status
   144  unlocks d1v0.vgic.lock
   145                                                                      cpu1.hw
   148                                    unlocks gicv3.lock
   149                                    unlocks irq48.lock
   152  changes d1v0.pause_flags
   154  locks d1v0.vgic.lock
   155  reads d1.irq48.status
   156  unlocks d1v0.vgic.lock
   158  changes d1v0.pause_flags
   161  locks d1v0.vgic.lock
   162  reads d1.irq48.status
   163  unlocks d1v0.vgic.lock
        * d1 INTID 48 guest acknowledged, on vCPU 0
        * d1 INTID 48 guest ended it, on vCPU 0
   167                                    takes an interrupt
                                          * INTID 48 Xen acknowledged the SPI, on pCPU 1
   170                                    locks irq48.lock
   171                                    reads irq48.status
   173                                    changes irq48.status
   174                                    reads d1.rank1.vcpu
   176                                    reads d1.irq48.owner
   177                                    reads d1.rank1.vcpu
                                          * d1 INTID 48 injected into vCPU 1
   181                                    changes d1.irq48.status
   183                                    reads d1.irq48.status
                                          * d1 INTID 0 list register cleaned, LR 0
   194                                    unlocks irq48.lock
   248  locks d1v0.vgic.lock
        * d1 INTID 48 list register cleaned, LR 0
   250  changes irq48.status
   251  changes d1.irq48.status
   252  changes d1.irq48.status
   253  reads d1.irq48.status
   254  changes d1.irq48.owner
   256  reads d1.rank1.vcpu
        * d1 INTID 48 physical route set at once, to pCPU 1
   259  locks gicv3.lock
   261  unlocks gicv3.lock
        * d1 INTID 48 migration finished, physical route to pCPU 1
   262  changes d1.irq48.status
        * d1 INTID 48 an assertion was recorded and is dropped, on vCPU 0
   263  unlocks d1v0.vgic.lock
   265  changes d1v0.pause_flags
   268  locks d1v0.vgic.lock
   269  unlocks d1v0.vgic.lock
   273  locks d1v0.vgic.lock
   274  unlocks d1v0.vgic.lock
   283  reads d1v0.pause_flags
   292  writes d1v0.is_running
   294  reads d1v0.pause_flags
   301  takes an interrupt
   312                                                                      cpu0.hw
