package org.smpvisor.engine;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.smpvisor.cell.BytesCell;
import org.smpvisor.cell.Guard;
import org.smpvisor.cell.IntCell;
import org.smpvisor.cell.ListNode;
import org.smpvisor.cell.RefCell;
import org.smpvisor.cpu.Pcpu;
import org.smpvisor.lock.LockClass;
import org.smpvisor.lock.RwLock;
import org.smpvisor.lock.SpinLock;

/** Planted races, each of which must be reported in the one schedule that is run, and legal shapes, which must not. */
class RaceDetectorTest {
    private final ControlledPcpus b = new ControlledPcpus(2);
    private SpinLock lock;
    private SpinLock other;
    private RwLock rw;
    private IntCell data;
    private IntCell flag;

    @BeforeEach
    void arrange() {
        lock = new SpinLock(LockClass.RANK, "lock", 0);
        other = new SpinLock(LockClass.DIST, "other", 0);
        rw = new RwLock(LockClass.IO, "rw");
        data = new IntCell("data", always(LockClass.RANK, "whatever guards it"), 0);
        flag = new IntCell("flag");
    }

    /** A guard that the validator has no objection to, so that only order counts. */
    private static Guard always(LockClass c, String name) {
        return new Guard() {
            @Override
            public boolean isHeldBy(Pcpu cpu) {
                return true;
            }

            @Override
            public LockClass lockClass() {
                return c;
            }

            @Override
            public String toString() {
                return name;
            }
        };
    }

    /** Runs the first body to its end and then the second, so that nothing collides. */
    private List<Race> oneAfterTheOther(ControlledEngine.Body first, ControlledEngine.Body second) {
        b.run(new LowestFirst(), first, second);
        return b.engine.memory().races();
    }

    /** A payload is stored, a barrier, an SGI; the SGI is acknowledged, {@code after}, the payload is read. */
    private List<Race> overAnSgi(RefCell<String> payload, ControlledEngine.Body after) {
        return oneAfterTheOther(
                cpu -> {
                    payload.setGuarded(cpu, "p");
                    cpu.dsb();
                    cpu.memory().posts(cpu, b.cpus[1]);
                },
                cpu -> {
                    cpu.memory().arrive(cpu);
                    cpu.memory().takes(cpu);
                    after.run(cpu);
                    payload.getPlain(cpu);
                });
    }

    private static final class LowestFirst implements Strategy {
        @Override
        public void begin(ControlledEngine engine) {
            // Nothing to prepare.
        }

        @Override
        public int choose(long enabled, int current) {
            return Long.numberOfTrailingZeros(enabled);
        }
    }

    @Nested
    class Reported {
        @Test
        void twoWritesUnderDifferentLocks() {
            List<Race> races = oneAfterTheOther(
                    cpu -> {
                        lock.lock(cpu);
                        data.setGuarded(cpu, 1);
                        lock.unlock(cpu);
                    },
                    cpu -> {
                        other.lock(cpu);
                        data.setGuarded(cpu, 2);
                        other.unlock(cpu);
                    });
            assertThat(races).hasSize(1);
            Race r = races.get(0);
            assertThat(r.on()).isEqualTo("data");
            assertThat(r.earlier().pcpu()).isZero();
            assertThat(r.earlier().locks()).isEqualTo("lock");
            assertThat(r.later().pcpu()).isEqualTo(1);
            assertThat(r.later().locks()).isEqualTo("other");
            assertThat(r.later().where()).contains("RaceDetectorTest");
            assertThat(r.earlier().step()).isLessThan(r.later().step());
        }

        @Test
        void aReadWithNoLockAfterAWriteUnderOne() {
            assertThat(oneAfterTheOther(
                            cpu -> {
                                lock.lock(cpu);
                                data.setGuarded(cpu, 1);
                                lock.unlock(cpu);
                            },
                            data::getGuarded))
                    .hasSize(1);
        }

        @Test
        void aWriteAfterAReadThatIsNotOrdered() {
            assertThat(oneAfterTheOther(data::getGuarded, cpu -> data.setGuarded(cpu, 1)))
                    .hasSize(1);
        }

        @Test
        void anOpaqueFlagThatIsTakenForARelease() {
            assertThat(oneAfterTheOther(
                            cpu -> {
                                data.setGuarded(cpu, 1);
                                flag.setOpaque(cpu, 1);
                            },
                            cpu -> {
                                flag.getAcquire(cpu);
                                data.getGuarded(cpu);
                            }))
                    .hasSize(1);
        }

        @Test
        void aReleaseThatIsReadWithoutAcquire() {
            assertThat(oneAfterTheOther(
                            cpu -> {
                                data.setGuarded(cpu, 1);
                                flag.setRelease(cpu, 1);
                            },
                            cpu -> {
                                flag.getOpaque(cpu);
                                data.getGuarded(cpu);
                            }))
                    .hasSize(1);
        }

        @Test
        void aBitThatIsSetWithoutABarrier() {
            assertThat(oneAfterTheOther(
                            cpu -> {
                                data.setGuarded(cpu, 1);
                                flag.setBit(cpu, 0);
                            },
                            cpu -> {
                                flag.testAndClearBit(cpu, 0);
                                data.getGuarded(cpu);
                            }))
                    .hasSize(1);
        }

        @Test
        void fencesOnOneSideOnly() {
            assertThat(oneAfterTheOther(
                            cpu -> {
                                data.setGuarded(cpu, 1);
                                flag.setOpaque(cpu, 1);
                            },
                            cpu -> {
                                flag.getOpaque(cpu);
                                cpu.smpMb();
                                data.getGuarded(cpu);
                            }))
                    .hasSize(1);
        }

        @Test
        void aFenceWithoutAnythingThatPassesBetween() {
            assertThat(oneAfterTheOther(
                            cpu -> {
                                data.setGuarded(cpu, 1);
                                cpu.smpMb();
                            },
                            cpu -> {
                                cpu.smpMb();
                                data.getGuarded(cpu);
                            }))
                    .hasSize(1);
        }

        @Test
        void aWriteUnderTheReadSideOfALock() {
            ControlledEngine.Body write = cpu -> {
                rw.readLock(cpu);
                data.setGuarded(cpu, cpu.id());
                rw.readUnlock(cpu);
            };
            assertThat(oneAfterTheOther(write, write)).hasSize(1);
        }

        @Test
        void anOpaqueStoreToWhatIsReadUnderALock() {
            assertThat(oneAfterTheOther(
                            cpu -> {
                                lock.lock(cpu);
                                data.getGuarded(cpu);
                                lock.unlock(cpu);
                            },
                            cpu -> data.setOpaque(cpu, 1)))
                    .hasSize(1);
        }

        @Test
        void anOpaqueLoadOfWhatIsNotOpenToReaders() {
            assertThat(oneAfterTheOther(cpu -> data.setGuarded(cpu, 1), data::getOpaque))
                    .hasSize(1);
        }

        @Test
        void aPlainLoadOfAByteThatIsWrittenUnderALock() {
            BytesCell bytes = new BytesCell("bytes", lock);
            List<Race> races = oneAfterTheOther(
                    cpu -> {
                        lock.lock(cpu);
                        bytes.setGuarded(cpu, 3, 1);
                        lock.unlock(cpu);
                    },
                    cpu -> bytes.getPlain(cpu, 3));
            assertThat(races).singleElement().satisfies(r -> assertThat(r.on()).isEqualTo("bytes[3]"));
        }

        @Test
        void aWordThatIsWrittenWhileOneOfItsBytesIsReadPlainly() {
            BytesCell bytes = new BytesCell("bytes", always(LockClass.RANK, "whatever guards it"));
            assertThat(oneAfterTheOther(cpu -> bytes.getPlain(cpu, 6), cpu -> bytes.setWordGuarded(cpu, 1, 1)))
                    .hasSize(1);
        }

        @Test
        void aPlainLoadAfterAnSgiWithoutABarrierBehindIt() {
            RefCell<String> payload = new RefCell<>("payload", always(LockClass.CALL, "whatever guards it"));
            assertThat(overAnSgi(payload, cpu -> {})).hasSize(1);
        }

        @Test
        void aReferenceThatIsWrittenTwice() {
            RefCell<String> ref = new RefCell<>("ref", always(LockClass.RANK, "guard"));
            assertThat(oneAfterTheOther(cpu -> ref.setGuarded(cpu, "a"), cpu -> ref.setGuarded(cpu, "b")))
                    .hasSize(1);
        }

        @Test
        void aListThatTwoChangeUnderDifferentLocks() {
            ListNode<String> head = new ListNode<>(null, "head", always(LockClass.RANK, "guard"));
            assertThat(oneAfterTheOther(
                            cpu -> {
                                lock.lock(cpu);
                                head.addBefore(cpu, new ListNode<>("a", "a", lock));
                                lock.unlock(cpu);
                            },
                            cpu -> {
                                other.lock(cpu);
                                head.addBefore(cpu, new ListNode<>("b", "b", other));
                                other.unlock(cpu);
                            }))
                    .isNotEmpty()
                    .allMatch(r -> r.on().equals("head") || r.on().equals("a"));
        }
    }

    @Nested
    class Silent {
        @Test
        void writesUnderOneLock() {
            ControlledEngine.Body write = cpu -> {
                lock.lock(cpu);
                data.setGuarded(cpu, data.getGuarded(cpu) + 1);
                lock.unlock(cpu);
            };
            assertThat(oneAfterTheOther(write, write)).isEmpty();
        }

        @Test
        void aTryLock() {
            ControlledEngine.Body write = cpu -> {
                if (lock.tryLock(cpu)) {
                    data.setGuarded(cpu, 1);
                    lock.unlock(cpu);
                }
            };
            assertThat(oneAfterTheOther(write, write)).isEmpty();
        }

        @Test
        void readsWithoutAnyOrder() {
            assertThat(oneAfterTheOther(data::getGuarded, data::getGuarded)).isEmpty();
        }

        @Test
        void aReleaseThatIsAcquired() {
            assertThat(oneAfterTheOther(
                            cpu -> {
                                data.setGuarded(cpu, 1);
                                flag.setRelease(cpu, 1);
                            },
                            cpu -> {
                                flag.getAcquire(cpu);
                                data.setGuarded(cpu, 2);
                            }))
                    .isEmpty();
        }

        @Test
        void aBitThatIsPassedOnWithBarriers() {
            assertThat(oneAfterTheOther(
                            cpu -> {
                                data.setGuarded(cpu, 1);
                                flag.testAndSetBit(cpu, 0);
                            },
                            cpu -> {
                                flag.testAndClearBit(cpu, 0);
                                data.setGuarded(cpu, 2);
                            }))
                    .isEmpty();
        }

        @Test
        void fencesAroundAnOpaqueFlag() {
            assertThat(oneAfterTheOther(
                            cpu -> {
                                data.setGuarded(cpu, 1);
                                cpu.smpWmb();
                                flag.setOpaque(cpu, 1);
                            },
                            cpu -> {
                                flag.getOpaque(cpu);
                                cpu.smpRmb();
                                data.getGuarded(cpu);
                            }))
                    .isEmpty();
        }

        @Test
        void aReleaseThatGoesOnThroughAnUnorderedBit() {
            assertThat(oneAfterTheOther(
                            cpu -> {
                                data.setGuarded(cpu, 1);
                                flag.setRelease(cpu, 1);
                            },
                            cpu -> {
                                flag.setBit(cpu, 3);
                                flag.getAcquire(cpu);
                                data.getGuarded(cpu);
                            }))
                    .isEmpty();
        }

        @Test
        void readersAndAWriterOfOneLock() {
            assertThat(oneAfterTheOther(
                            cpu -> {
                                rw.readLock(cpu);
                                data.getGuarded(cpu);
                                rw.readUnlock(cpu);
                            },
                            cpu -> {
                                rw.writeLock(cpu);
                                data.setGuarded(cpu, 1);
                                rw.writeUnlock(cpu);
                            }))
                    .isEmpty();
        }

        @Test
        void opaqueAccessesOnlyWhateverTheirOrder() {
            assertThat(oneAfterTheOther(cpu -> flag.setOpaque(cpu, 1), cpu -> flag.setOpaque(cpu, flag.getOpaque(cpu))))
                    .isEmpty();
        }

        @Test
        void aByteThatIsWrittenUnderALockAndReadWithout() {
            BytesCell bytes = new BytesCell("bytes", lock);
            assertThat(oneAfterTheOther(
                            cpu -> {
                                lock.lock(cpu);
                                bytes.setGuarded(cpu, 3, 1);
                                lock.unlock(cpu);
                            },
                            cpu -> bytes.getOpaque(cpu, 3)))
                    .isEmpty();
        }

        @Test
        void aPlainLoadOfANeighbourOfTheByteThatIsWritten() {
            BytesCell bytes = new BytesCell("bytes", always(LockClass.RANK, "whatever guards it"));
            assertThat(oneAfterTheOther(cpu -> bytes.setGuarded(cpu, 3, 1), cpu -> bytes.getPlain(cpu, 2)))
                    .isEmpty();
        }

        @Test
        void aPlainLoadUnderTheLock() {
            BytesCell bytes = new BytesCell("bytes", lock);
            ControlledEngine.Body body = cpu -> {
                lock.lock(cpu);
                bytes.setGuarded(cpu, 3, bytes.getPlain(cpu, 3) + 1);
                lock.unlock(cpu);
            };
            assertThat(oneAfterTheOther(body, body)).isEmpty();
        }

        @Test
        void aPlainLoadAfterAnSgiWithABarrierBehindIt() {
            RefCell<String> payload = new RefCell<>("payload", always(LockClass.CALL, "whatever guards it"));
            assertThat(overAnSgi(payload, Pcpu::smpRmb)).isEmpty();
        }

        @Test
        void whatWasBeforeTheRun() {
            oneAfterTheOther(cpu -> data.setGuarded(cpu, 1), cpu -> {});
            assertThat(oneAfterTheOther(cpu -> {}, cpu -> data.setGuarded(cpu, 1)))
                    .isEmpty();
        }

        @Test
        void aGuardThatIsNotBinding() {
            Guard lenient = new Guard() {
                @Override
                public boolean isHeldBy(Pcpu cpu) {
                    return false;
                }

                @Override
                public LockClass lockClass() {
                    return LockClass.RANK;
                }

                @Override
                public boolean isBinding() {
                    return false;
                }
            };
            IntCell cell = new IntCell("cell", lenient, 0);
            assertThat(oneAfterTheOther(cpu -> cell.setGuarded(cpu, 1), cpu -> cell.setGuarded(cpu, 2)))
                    .isEmpty();
        }

        @Test
        void anythingWhileItIsSwitchedOff() {
            b.engine.memory().watchRaces(false);
            assertThat(oneAfterTheOther(cpu -> data.setGuarded(cpu, 1), cpu -> data.setGuarded(cpu, 2)))
                    .isEmpty();
        }
    }

    @Test
    void aRaceIsReportedOnceForEachPairOfSites() {
        ControlledEngine.Body write = cpu -> data.setGuarded(cpu, 1);
        oneAfterTheOther(write, write);
        oneAfterTheOther(write, write);
        assertThat(b.engine.memory().races()).hasSize(1);
    }
}
