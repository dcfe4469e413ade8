  step  cpu0                              cpu1                              hardware and devices
     0                                                                      env.line48
                                                                            * INTID 48 the line rose, generation 1
     6  locks d1v0.vgic.lock
     7  unlocks d1v0.vgic.lock
     9  changes d1v0.pause_flags
    12  locks d1v0.vgic.lock
    13  unlocks d1v0.vgic.lock
    18  locks d1v0.vgic.lock
    19  unlocks d1v0.vgic.lock
    29  reads d1v0.pause_flags
    40  writes d1v0.is_running
    42  reads d1v0.pause_flags
    50  takes an interrupt
        * INTID 48 Xen acknowledged it, on pCPU 0
    53  locks irq48.lock
    54  reads irq48.status
    56  changes irq48.status
    58  reads d1.rank1.vcpu
    59  locks d1v0.vgic.lock
    60  reads d1.irq48.owner
    61  reads d1.rank1.vcpu
    63  reads d1v0.pause_flags
        * d1 INTID 48 injected into vCPU 0
    64  changes d1.irq48.status
    66  changes irq48.status
    68  reads d1.irq48.status
    72  writes d1.irq48.owner
    73  reads d1.irq48.status
    74  unlocks d1v0.vgic.lock
    75  reads d1v0.is_running
    76  changes d1v0.pause_flags
    80  reads d1v0.pause_flags
    86  unlocks irq48.lock
    94  writes d1v0.is_running
   115  locks d1v0.vgic.lock
        * d1 INTID 48 written into list register 0
   117  changes d1.irq48.status
   118  changes d1.irq48.status
   119  unlocks d1v0.vgic.lock
   121                                                                      env.line48
                                                                            * INTID 48 the line rose, generation 2
   122                                                                      env.line48
                                          * d1 INTID 48 disabled by vCPU 1
   136                                    reads d1.rank1.vcpu
   137                                    locks d1v0.vgic.lock
   138                                    changes d1.irq48.status
   140                                    unlocks d1v0.vgic.lock
   141                                    locks irq48.lock
   143                                    locks gicv3.lock
   146                                                                      cpu1.hw
   147                                    has waited for
   149                                    changes irq48.status
   150                                    unlocks gicv3.lock
   151                                    unlocks irq48.lock
   171                                    reads d1.rank1.vcpu
   173                                    reads d1.rank1.vcpu
                                          * d1 INTID 48 guest moves it, to vCPU 1
   174                                    locks d1v0.vgic.lock
   176                                    reads d1.irq48.status
   177                                    reads d1.irq48.status
   179                                    writes d1.rank1.vcpu
   180                                    changes d1.irq48.status
                                          * d1 INTID 48 in a list register: MIGRATING set, new vCPU 1
   181                                    unlocks d1v0.vgic.lock
   200                                    reads d1.rank1.vcpu
                                          * d1 INTID 48 enabled by vCPU 1
   202                                    changes d1.irq48.status
   204                                    reads d1.irq48.status
   206                                    reads d1.irq48.owner
   207                                    reads d1v0.is_running
   208                                    changes d1v0.pause_flags
   211                                    sends an SGI to cpu0
                                          * d1 INTID 48 physical route set at once, to pCPU 1
   215                                    locks gicv3.lock
   217                                    unlocks gicv3.lock
   219                                    reads d1.rank1.vcpu
   221                                    locks irq48.lock
   223                                    locks gicv3.lock
   224                                    changes irq48.status
   227                                    unlocks gicv3.lock
   228                                    unlocks irq48.lock
   282                                                                      cpu1.hw
   283                                                                      cpu0.sgi
   284  takes an interrupt
   286  locks d1v0.vgic.lock
   289  changes d1.irq48.status
   290  changes d1.irq48.status
   291  unlocks d1v0.vgic.lock
   299  locks d1v0.vgic.lock
   300  unlocks d1v0.vgic.lock
        * d1 INTID 48 guest acknowledged, on vCPU 0
        * d1 INTID 48 guest ended it, on vCPU 0
   305                                    takes an interrupt
                                          * INTID 48 Xen acknowledged it, on pCPU 1
   308                                    locks irq48.lock
   309                                    reads irq48.status
   311                                    changes irq48.status
   313                                    reads d1.rank1.vcpu
   315                                    reads d1.irq48.owner
   316                                    reads d1.rank1.vcpu
                                          * d1 INTID 48 injected into vCPU 1
   320                                    changes d1.irq48.status
   322                                    changes irq48.status
   324                                    reads d1.irq48.status
                                          * d1 INTID 48 found in flight: marked QUEUED only, target vCPU 1
   326                                    reads d1.irq48.status
   339                                    unlocks irq48.lock
   421  locks d1v0.vgic.lock
        * d1 INTID 48 list register cleaned, LR 0
   423  reads d1.irq48.status
   424  changes d1.irq48.status
   425  changes d1.irq48.status
   427  reads d1.irq48.status
   428  changes d1.irq48.owner
   430  reads d1.rank1.vcpu
        * d1 INTID 48 physical route set at once, to pCPU 1
   433  locks gicv3.lock
   435  unlocks gicv3.lock
        * d1 INTID 48 migration finished, physical route to pCPU 1
   436  changes d1.irq48.status
   438  reads d1.rank1.vcpu
        * d1 INTID 48 an assertion was recorded and is dropped, on vCPU 0
   440  unlocks d1v0.vgic.lock
   442  changes d1v0.pause_flags
   445  locks d1v0.vgic.lock
   446  unlocks d1v0.vgic.lock
   451  locks d1v0.vgic.lock
   452  unlocks d1v0.vgic.lock
   462  reads d1v0.pause_flags
   473  writes d1v0.is_running
   475  reads d1v0.pause_flags
   482                                                                      cpu0.hw
