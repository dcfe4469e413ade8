  step  cpu0                              cpu1                              hardware and devices
     5  locks d1v0.vgic.lock
     6  unlocks d1v0.vgic.lock
     8  changes d1v0.pause_flags
    11  locks d1v0.vgic.lock
    12  unlocks d1v0.vgic.lock
    17  locks d1v0.vgic.lock
    18  unlocks d1v0.vgic.lock
    28  reads d1v0.pause_flags
    39  writes d1v0.is_running
    41  reads d1v0.pause_flags
    55                                                                      env.line48
                                                                            * INTID 48 the line rose, generation 1
    56                                                                      env.line48
    58  takes an interrupt
        * INTID 48 Xen acknowledged it, on pCPU 0
    61  locks irq48.lock
    62  reads irq48.status
    64  changes irq48.status
    66  reads d1.rank1.vcpu
    67  locks d1v0.vgic.lock
    68  reads d1.irq48.owner
    69  reads d1.rank1.vcpu
    71  reads d1v0.pause_flags
        * d1 INTID 48 injected into vCPU 0
    72  changes d1.irq48.status
    74  changes irq48.status
    76  reads d1.irq48.status
    80  writes d1.irq48.owner
    81  reads d1.irq48.status
    82  unlocks d1v0.vgic.lock
    83  reads d1v0.is_running
    84  changes d1v0.pause_flags
    88  reads d1v0.pause_flags
    94  unlocks irq48.lock
   102  writes d1v0.is_running
   123  locks d1v0.vgic.lock
        * d1 INTID 48 written into list register 0
   125  changes d1.irq48.status
   126  changes d1.irq48.status
   127  unlocks d1v0.vgic.lock
        * d1 INTID 48 guest acknowledged, on vCPU 0
        * d1 INTID 48 guest ended it, on vCPU 0
   135                                                                      env.line48
                                                                            * INTID 48 the line rose, generation 2
                                          * d1 INTID 48 disabled by vCPU 1
   142                                    reads d1.rank1.vcpu
   143                                    locks d1v0.vgic.lock
   144                                    changes d1.irq48.status
   146                                    unlocks d1v0.vgic.lock
   147                                    locks irq48.lock
   149                                    locks gicv3.lock
   151                                                                      cpu1.hw
   153                                    changes irq48.status
   154                                    unlocks gicv3.lock
   155                                    unlocks irq48.lock
   175                                    reads d1.rank1.vcpu
   177                                    reads d1.rank1.vcpu
                                          * d1 INTID 48 guest moves it, to vCPU 1
   178                                    locks d1v0.vgic.lock
   180                                    reads d1.irq48.status
   181                                    reads d1.irq48.status
   183                                    writes d1.rank1.vcpu
   184                                    changes d1.irq48.status
                                          * d1 INTID 48 in a list register: MIGRATING set, new vCPU 1
   185                                    unlocks d1v0.vgic.lock
   204                                    reads d1.rank1.vcpu
                                          * d1 INTID 48 enabled by vCPU 1
   206                                    changes d1.irq48.status
   208                                    reads d1.irq48.status
   210                                    reads d1.irq48.owner
   211                                    reads d1v0.is_running
   212                                    changes d1v0.pause_flags
   215                                    sends an SGI to cpu0
                                          * d1 INTID 48 physical route set at once, to pCPU 1
   219                                    locks gicv3.lock
   221                                                                      cpu0.sgi
   222                                                                      cpu1.hw
   223                                    unlocks gicv3.lock
   224                                    locks irq48.lock
   226                                    locks gicv3.lock
   227                                    changes irq48.status
   230                                    unlocks gicv3.lock
   231                                    unlocks irq48.lock
   233                                    takes an interrupt
                                          * INTID 48 Xen acknowledged it, on pCPU 1
   236                                    locks irq48.lock
   237                                    reads irq48.status
   239                                    changes irq48.status
   241                                    reads d1.rank1.vcpu
   243                                    reads d1.irq48.owner
   244                                    reads d1.rank1.vcpu
                                          * d1 INTID 48 injected into vCPU 1
   248                                    changes d1.irq48.status
   250                                    changes irq48.status
   252                                    reads d1.irq48.status
   254                                    reads d1.irq48.status
                                          * d1 INTID 0 list register cleaned, LR 0
   261                                    reads d1.irq48.status
   265                                    unlocks irq48.lock
   320  locks d1v0.vgic.lock
        * d1 INTID 48 list register cleaned, LR 0
   322  reads d1.irq48.status
   323  changes d1.irq48.status
   324  changes d1.irq48.status
   326  reads d1.irq48.status
   327  changes d1.irq48.owner
   329  reads d1.rank1.vcpu
        * d1 INTID 48 physical route set at once, to pCPU 1
   332  locks gicv3.lock
   334  unlocks gicv3.lock
        * d1 INTID 48 migration finished, physical route to pCPU 1
   335  changes d1.irq48.status
        * d1 INTID 48 an assertion was recorded and is dropped, on vCPU 0
   336  unlocks d1v0.vgic.lock
   337  takes an interrupt
   345  changes d1v0.pause_flags
   348  locks d1v0.vgic.lock
   349  unlocks d1v0.vgic.lock
   354  locks d1v0.vgic.lock
   355  unlocks d1v0.vgic.lock
   365  reads d1v0.pause_flags
   376  writes d1v0.is_running
   378  reads d1v0.pause_flags
   385                                                                      cpu0.hw
