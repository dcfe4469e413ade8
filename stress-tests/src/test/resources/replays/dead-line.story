  step  cpu0                              cpu1                              hardware and devices
     3                                                                      env.line48
                                                                            * INTID 48 the line rose, generation 1
     4                                                                      env.line48
     7  takes an interrupt
        * INTID 48 Xen acknowledged it, on pCPU 0
    10  locks irq48.lock
    11  reads irq48.status
    13  changes irq48.status
    14  reads d1.rank1.vcpu
    15  locks d1v0.vgic.lock
    16  reads d1.irq48.owner
    17  reads d1.rank1.vcpu
    19  reads d1v0.pause_flags
        * d1 INTID 48 injected into vCPU 0
    20  changes d1.irq48.status
    22  reads d1.irq48.status
        * d1 INTID 48 written into list register 0
    24  changes d1.irq48.status
    25  changes d1.irq48.status
    26  writes d1.irq48.owner
    27  unlocks d1v0.vgic.lock
    28  reads d1v0.is_running
    29  changes d1v0.pause_flags
    30  unlocks irq48.lock
    31                                                                      env.line48
                                                                            * INTID 48 the line rose, generation 2
                                          * d1 INTID 48 disabled by vCPU 1
    43                                    reads d1.rank1.vcpu
    44                                    locks d1v0.vgic.lock
    45                                    changes d1.irq48.status
    47                                    unlocks d1v0.vgic.lock
    48                                    locks irq48.lock
    50                                    locks gicv3.lock
    52                                                                      cpu1.hw
    54                                    changes irq48.status
    55                                    unlocks gicv3.lock
    56                                    unlocks irq48.lock
    75                                    reads d1.rank1.vcpu
    76                                    reads d1.rank1.vcpu
                                          * d1 INTID 48 guest moves it, to vCPU 1
    77                                    locks d1v0.vgic.lock
    79                                    reads d1.irq48.status
    80                                    reads d1.irq48.status
    82                                    writes d1.rank1.vcpu
    83                                    changes d1.irq48.status
                                          * d1 INTID 48 in a list register: MIGRATING set, new vCPU 1
    84                                    unlocks d1v0.vgic.lock
   103                                    reads d1.rank1.vcpu
                                          * d1 INTID 48 enabled by vCPU 1
   105                                    changes d1.irq48.status
   107                                    reads d1.irq48.status
   109                                    reads d1.irq48.owner
   110                                    reads d1v0.is_running
   111                                    changes d1v0.pause_flags
   114                                    sends an SGI to cpu0
                                          * d1 INTID 48 physical route set at once, to pCPU 1
   118                                    locks gicv3.lock
   120                                    unlocks gicv3.lock
   121                                    locks irq48.lock
   123                                    locks gicv3.lock
   124                                    changes irq48.status
   127                                    unlocks gicv3.lock
   128                                    unlocks irq48.lock
   129                                                                      cpu1.hw
   134  locks d1v0.vgic.lock
   135  changes d1.irq48.status
   136  changes d1.irq48.status
   137  unlocks d1v0.vgic.lock
   139  changes d1v0.pause_flags
   142  locks d1v0.vgic.lock
   143  reads d1.irq48.status
   144  unlocks d1v0.vgic.lock
   146  changes d1v0.pause_flags
   148  locks d1v0.vgic.lock
   149  reads d1.irq48.status
   150  unlocks d1v0.vgic.lock
   152  changes d1v0.pause_flags
   155  locks d1v0.vgic.lock
   156  unlocks d1v0.vgic.lock
        * d1 INTID 48 guest acknowledged, on vCPU 0
        * d1 INTID 48 guest ended it, on vCPU 0
   173                                    takes an interrupt
                                          * INTID 48 Xen acknowledged it, on pCPU 1
   176                                    locks irq48.lock
   177                                    reads irq48.status
   179                                    changes irq48.status
   180                                    reads d1.rank1.vcpu
   182                                    reads d1.irq48.owner
   183                                    reads d1.rank1.vcpu
                                          * d1 INTID 48 injected into vCPU 1
   187                                    changes d1.irq48.status
   189                                    reads d1.irq48.status
                                          * d1 INTID 0 list register cleaned, LR 0
   200                                    unlocks irq48.lock
   244  locks d1v0.vgic.lock
        * d1 INTID 48 list register cleaned, LR 0
   246  changes irq48.status
   247  changes d1.irq48.status
   248  changes d1.irq48.status
   249  reads d1.irq48.status
   250  changes d1.irq48.owner
   252  reads d1.rank1.vcpu
        * d1 INTID 48 physical route set at once, to pCPU 1
   255  locks gicv3.lock
   257  unlocks gicv3.lock
        * d1 INTID 48 migration finished, physical route to pCPU 1
   258  changes d1.irq48.status
        * d1 INTID 48 an assertion was recorded and is dropped, on vCPU 0
   259  unlocks d1v0.vgic.lock
   261  changes d1v0.pause_flags
   264  locks d1v0.vgic.lock
   265  unlocks d1v0.vgic.lock
   270  locks d1v0.vgic.lock
   271  unlocks d1v0.vgic.lock
   281  reads d1v0.pause_flags
   291  writes d1v0.is_running
   293  reads d1v0.pause_flags
   294                                                                      cpu0.hw
   295                                                                      cpu0.sgi
   296  takes an interrupt
