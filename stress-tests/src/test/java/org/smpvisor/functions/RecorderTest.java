package org.smpvisor.functions;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.smpvisor.cpu.Pcpu;
import org.smpvisor.engine.NativeEngine;
import org.smpvisor.lock.LockClass;
import org.smpvisor.lock.LockValidator;
import org.smpvisor.trace.EventRing;

/** Which locks belong to which function. */
class RecorderTest {
    private static final int OUTER = 1;
    private static final int INNER = 2;
    private static final int HANDLER = 3;
    private final NativeEngine engine = new NativeEngine(1);
    private final Pcpu cpu = new Pcpu(0, 0, 1, engine, new LockValidator(true), new EventRing("cpu0", 8, engine));

    @BeforeEach
    @AfterEach
    void forget() {
        Recorder.clear();
    }

    private void lock(LockClass c) {
        Recorder.taken(cpu, c.ordinal(), Recorder.MASKED);
    }

    private void unlock() {
        Recorder.dropped(cpu);
    }

    @Test
    void locksOfACalleeAreThoseOfItsCallerToo() {
        Recorder.entered(cpu, OUTER);
        lock(LockClass.RANK);
        Recorder.entered(cpu, INNER);
        lock(LockClass.VGIC_CPU);
        unlock();
        Recorder.left(cpu, INNER);
        unlock();
        Recorder.left(cpu, OUTER);
        assertThat(Recorder.lines()).contains("1\tlocks\tRANK{ VGIC_CPU{ } }", "2\tlocks\tVGIC_CPU{ }");
    }

    @Test
    void whatAnInterruptTakesIsNotOfWhatItInterrupts() {
        Recorder.entered(cpu, OUTER);
        Recorder.interrupted(cpu);
        Recorder.entered(cpu, HANDLER);
        lock(LockClass.DESC);
        unlock();
        Recorder.left(cpu, HANDLER);
        Recorder.resumed(cpu);
        lock(LockClass.HOST_GIC);
        unlock();
        Recorder.left(cpu, OUTER);
        assertThat(Recorder.lines()).contains("1\tlocks\tHOST_GIC{ }", "3\tlocks\tDESC{ }");
    }

    @Test
    void whatWasGivenUpIsForgotten() {
        Recorder.entered(cpu, OUTER);
        lock(LockClass.DESC);
        Recorder.abandon();
        Recorder.entered(cpu, INNER);
        Recorder.left(cpu, INNER);
        assertThat(Recorder.lines()).contains("2\tlocks\t").noneMatch(l -> l.startsWith("1\tlocks"));
    }
}
