package org.smpvisor.cpu;

import static org.openjdk.jcstress.annotations.Expect.ACCEPTABLE;
import static org.openjdk.jcstress.annotations.Expect.ACCEPTABLE_INTERESTING;
import static org.openjdk.jcstress.annotations.Expect.FORBIDDEN;

import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.Arbiter;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.I_Result;
import org.smpvisor.jcstress.Pattern;
import org.smpvisor.jcstress.WeakTwin;

/**
 * A tasklet is posted to a pCPU that is running its softirqs: it is run once. Fails when the bit is looked at before the work is in the
 * queue.
 */
@JCStressTest
@Outcome(id = "1", expect = ACCEPTABLE, desc = "Run once.")
@Outcome(expect = FORBIDDEN, desc = "Lost or run twice.")
@State
public class TaskletPostVsDrain {
    private final OnePcpu m = OnePcpu.take();

    @Actor
    public void poster() {
        m.postTasklet();
    }

    @Actor
    public void pcpu() {
        m.cpu.softirqs().run(m.cpu);
    }

    @Arbiter
    public void ran(I_Result r) {
        m.cpu.softirqs().run(m.cpu);
        r.r1 = m.giveBack();
    }

    /** The same with the bit looked at before the work is in the queue. */
    @JCStressTest
    @WeakTwin(Pattern.INTERLEAVING)
    @Outcome(id = "1", expect = ACCEPTABLE, desc = "Run once.")
    @Outcome(id = "0", expect = ACCEPTABLE_INTERESTING, desc = "In the queue, and the bit is gone.")
    @Outcome(expect = FORBIDDEN, desc = "Nothing else is possible.")
    @State
    public static class BitFirst {
        private final OnePcpu m = OnePcpu.take();

        /** With a queue that leaves the bit to whoever posts. */
        public BitFirst() {
            m.openLateTasklets();
        }

        @Actor
        public void poster() {
            m.raiseAndPostTasklet();
        }

        @Actor
        public void pcpu() {
            m.cpu.softirqs().run(m.cpu);
        }

        @Arbiter
        public void ran(I_Result r) {
            m.cpu.softirqs().run(m.cpu);
            r.r1 = m.giveBack();
        }
    }
}
