  step  cpu0                              cpu1                              hardware and devices
     0                                                                      env.line48
                                                                            * INTID 48 the line rose, generation 1
     6  locks d1v0.vgic.lock
     7  unlocks d1v0.vgic.lock
     9  changes d1v0.pause_flags
    12  locks d1v0.vgic.lock
    13  unlocks d1v0.vgic.lock
    17  locks d1v0.vgic.lock
    18  unlocks d1v0.vgic.lock
    27  reads d1v0.pause_flags
    36  writes d1v0.is_running
    38  reads d1v0.pause_flags
    45  takes an interrupt
        * INTID 48 Xen acknowledged the SPI, on pCPU 0
    48  locks irq48.lock
    49  reads irq48.status
    51  changes irq48.status
    52  reads d1.rank1.vcpu
    53  locks d1v0.vgic.lock
    54  reads d1.irq48.owner
    55  reads d1.rank1.vcpu
    57  reads d1v0.pause_flags
        * d1 INTID 48 injected into vCPU 0
    58  changes d1.irq48.status
    60  reads d1.irq48.status
    62  writes d1.irq48.owner
    63  unlocks d1v0.vgic.lock
    64  reads d1v0.is_running
    65  changes d1v0.pause_flags
    69  reads d1v0.pause_flags
    72  unlocks irq48.lock
    80  writes d1v0.is_running
    91  locks d1v0.vgic.lock
        * d1 INTID 48 written into list register 0
    93  changes d1.irq48.status
    94  changes d1.irq48.status
    95  unlocks d1v0.vgic.lock
        * d1 INTID 48 guest acknowledged, on vCPU 0
        * d1 INTID 48 guest ended it, on vCPU 0
   103                                                                      env.line48
                                                                            * INTID 48 the line rose, generation 2
   104                                                                      env.line48
                                          * d1 INTID 48 disabled by vCPU 1
   118                                    reads d1.rank1.vcpu
   119                                    locks d1v0.vgic.lock
   120                                    changes d1.irq48.status
   122                                    unlocks d1v0.vgic.lock
   123                                    locks irq48.lock
   125                                    locks gicv3.lock
   128                                                                      cpu1.hw
   129                                    has waited for
   131                                    changes irq48.status
   132                                    unlocks gicv3.lock
   133                                    unlocks irq48.lock
   152                                    reads d1.rank1.vcpu
   153                                    reads d1.rank1.vcpu
                                          * d1 INTID 48 guest moves it, to vCPU 1
   154                                    locks d1v0.vgic.lock
   156                                    reads d1.irq48.status
   157                                    reads d1.irq48.status
   159                                    writes d1.rank1.vcpu
   160                                    changes d1.irq48.status
                                          * d1 INTID 48 in a list register: MIGRATING set, new vCPU 1
   161                                    unlocks d1v0.vgic.lock
   180                                    reads d1.rank1.vcpu
                                          * d1 INTID 48 enabled by vCPU 1
   182                                    changes d1.irq48.status
   184                                    reads d1.irq48.status
   186                                    reads d1.irq48.owner
   187                                    reads d1v0.is_running
   188                                    changes d1v0.pause_flags
   191                                    sends an SGI to cpu0
                                          * d1 INTID 48 physical route set at once, to pCPU 1
   195                                    locks gicv3.lock
   197                                    unlocks gicv3.lock
   198                                    locks irq48.lock
   200                                    locks gicv3.lock
   201                                    changes irq48.status
   204                                    unlocks gicv3.lock
   205                                    unlocks irq48.lock
   254                                                                      cpu1.hw
   256                                    takes an interrupt
                                          * INTID 48 Xen acknowledged the SPI, on pCPU 1
   259                                    locks irq48.lock
   260                                    reads irq48.status
   262                                    changes irq48.status
   263                                    reads d1.rank1.vcpu
   265                                    reads d1.irq48.owner
   266                                    reads d1.rank1.vcpu
                                          * d1 INTID 48 injected into vCPU 1
   270                                    changes d1.irq48.status
   272                                    reads d1.irq48.status
                                          * d1 INTID 48 found in flight: marked QUEUED only, target vCPU 1
   283                                    unlocks irq48.lock
   309                                                                      cpu0.sgi
   310  locks d1v0.vgic.lock
        * d1 INTID 48 list register cleaned, LR 0
   312  changes irq48.status
   313  changes d1.irq48.status
   314  changes d1.irq48.status
   315  reads d1.irq48.status
   316  changes d1.irq48.owner
   318  reads d1.rank1.vcpu
        * d1 INTID 48 physical route set at once, to pCPU 1
   321  locks gicv3.lock
   323  unlocks gicv3.lock
        * d1 INTID 48 migration finished, physical route to pCPU 1
   324  changes d1.irq48.status
        * d1 INTID 48 an assertion was recorded and is dropped, on vCPU 0
   325  unlocks d1v0.vgic.lock
   327  changes d1v0.pause_flags
   330  locks d1v0.vgic.lock
   331  unlocks d1v0.vgic.lock
   335  locks d1v0.vgic.lock
   336  unlocks d1v0.vgic.lock
   345  reads d1v0.pause_flags
   354  writes d1v0.is_running
   356  reads d1v0.pause_flags
   400  takes an interrupt
   411                                                                      cpu0.hw
