  step  cpu0                              cpu1                              hardware and devices
     3                                                                      env.line48
                                                                            * INTID 48 the line rose, generation 1
     6  takes an interrupt
        * INTID 48 Xen acknowledged it, on pCPU 0
     9  locks irq48.lock
    12                                                                      env.line48
                                                                            * INTID 48 the line rose, generation 2
    13                                                                      env.line48
    14  reads irq48.status
    16  changes irq48.status
    18  reads d1.rank1.vcpu
    19  locks d1v0.vgic.lock
    20  reads d1.irq48.owner
    21  reads d1.rank1.vcpu
    23  reads d1v0.pause_flags
        * d1 INTID 48 injected into vCPU 0
    24  changes d1.irq48.status
    26  changes irq48.status
    28  reads d1.irq48.status
        * d1 INTID 48 written into list register 0
    32  changes d1.irq48.status
    33  changes d1.irq48.status
    34  writes d1.irq48.owner
    35  reads d1.irq48.status
    36  unlocks d1v0.vgic.lock
    37  reads d1v0.is_running
    38  changes d1v0.pause_flags
    39  unlocks irq48.lock
                                          * d1 INTID 48 disabled by vCPU 1
    52                                    reads d1.rank1.vcpu
    53                                    locks d1v0.vgic.lock
    54                                    changes d1.irq48.status
    56                                    unlocks d1v0.vgic.lock
    57                                    locks irq48.lock
    59                                    locks gicv3.lock
    61                                                                      cpu1.hw
    63  locks d1v0.vgic.lock
    66  changes d1.irq48.status
    67  changes d1.irq48.status
    68  unlocks d1v0.vgic.lock
    70  changes d1v0.pause_flags
    73  locks d1v0.vgic.lock
    74  reads d1.irq48.status
    75  unlocks d1v0.vgic.lock
    78  changes cpu0.softirq_pending
    80  locks d1v0.vgic.lock
    81  reads d1.irq48.status
    82  unlocks d1v0.vgic.lock
    86  reads cpu0.softirq_pending
    88  reads cpu0.softirq_pending
    89  changes cpu0.softirq_pending
    91  locks cpu0.schedule_lock
    92  reads d1v0.pause_flags
    95  unlocks cpu0.schedule_lock
   103  writes d1v0.is_running
   105                                    changes irq48.status
   106                                    unlocks gicv3.lock
   107                                    unlocks irq48.lock
   127                                    reads d1.rank1.vcpu
   129                                    reads d1.rank1.vcpu
                                          * d1 INTID 48 guest moves it, to vCPU 1
   130                                    locks d1v0.vgic.lock
   132                                    reads d1.irq48.status
   133                                    reads d1.irq48.status
   135                                    writes d1.rank1.vcpu
   136                                    changes d1.irq48.status
                                          * d1 INTID 48 in a list register: MIGRATING set, new vCPU 1
   137                                    unlocks d1v0.vgic.lock
   156                                    reads d1.rank1.vcpu
                                          * d1 INTID 48 enabled by vCPU 1
   158                                    changes d1.irq48.status
   160                                    reads d1.irq48.status
   162                                    reads d1.irq48.owner
   163                                    reads d1v0.is_running
   164                                    changes d1v0.pause_flags
   166                                    locks cpu0.schedule_lock
   169                                    reads d1v0.pause_flags
   173                                    changes cpu0.softirq_pending
   175                                    sends an SGI to cpu0
   177                                    unlocks cpu0.schedule_lock
                                          * d1 INTID 48 physical route set at once, to pCPU 1
   181                                    locks gicv3.lock
   184  reads d1v0.pause_flags
   185  reads cpu0.softirq_pending
   186  changes cpu0.softirq_pending
   188  locks cpu0.schedule_lock
   189  writes d1v0.is_running
   192  unlocks cpu0.schedule_lock
   207  reads cpu0.softirq_pending
   209  reads cpu0.softirq_pending
   210  locks d1v0.vgic.lock
   211  unlocks d1v0.vgic.lock
        * d1 INTID 48 guest acknowledged, on vCPU 0
        * d1 INTID 48 guest ended it, on vCPU 0
   215                                                                      cpu1.hw
   216                                    unlocks gicv3.lock
   217                                    locks irq48.lock
   219                                    locks gicv3.lock
   220                                    changes irq48.status
   223                                    unlocks gicv3.lock
   224                                    unlocks irq48.lock
   226                                    takes an interrupt
                                          * INTID 48 Xen acknowledged it, on pCPU 1
   229                                    locks irq48.lock
   230                                    reads irq48.status
   232                                    changes irq48.status
   234                                    reads d1.rank1.vcpu
   236                                    reads d1.irq48.owner
   237                                    reads d1.rank1.vcpu
                                          * d1 INTID 48 injected into vCPU 1
   241                                    changes d1.irq48.status
   243                                    changes irq48.status
   245                                    reads d1.irq48.status
   247                                    reads d1.irq48.status
                                          * d1 INTID 0 list register cleaned, LR 0
   254                                    reads d1.irq48.status
   258                                    unlocks irq48.lock
   301                                                                      cpu0.sgi
   302  takes an interrupt
   316  locks d1v0.vgic.lock
        * d1 INTID 48 list register cleaned, LR 0
   318  reads d1.irq48.status
   319  changes d1.irq48.status
   320  changes d1.irq48.status
   322  reads d1.irq48.status
   323  changes d1.irq48.owner
   325  reads d1.rank1.vcpu
        * d1 INTID 48 physical route set at once, to pCPU 1
   328  locks gicv3.lock
   330  unlocks gicv3.lock
        * d1 INTID 48 migration finished, physical route to pCPU 1
   331  changes d1.irq48.status
        * d1 INTID 48 an assertion was recorded and is dropped, on vCPU 0
   332  unlocks d1v0.vgic.lock
   339  reads cpu0.softirq_pending
   340  locks d1v0.vgic.lock
   341  unlocks d1v0.vgic.lock
   347  locks d1v0.vgic.lock
   348  unlocks d1v0.vgic.lock
   350  changes d1v0.pause_flags
   353  locks d1v0.vgic.lock
   354  unlocks d1v0.vgic.lock
   357  changes cpu0.softirq_pending
   359  locks d1v0.vgic.lock
   360  unlocks d1v0.vgic.lock
   364  reads cpu0.softirq_pending
   366  reads cpu0.softirq_pending
   367  changes cpu0.softirq_pending
   369  locks cpu0.schedule_lock
   370  reads d1v0.pause_flags
   373  unlocks cpu0.schedule_lock
   381  writes d1v0.is_running
   383  reads d1v0.pause_flags
   384  reads cpu0.softirq_pending
   386  reads cpu0.softirq_pending
   389  reads cpu0.softirq_pending
   390                                                                      cpu0.hw
