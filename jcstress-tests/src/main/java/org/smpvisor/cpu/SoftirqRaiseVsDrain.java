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
import org.smpvisor.cell.IntCell;
import org.smpvisor.jcstress.Pattern;
import org.smpvisor.jcstress.TwoPcpus;
import org.smpvisor.jcstress.WeakTwin;

/**
 * Work is left and a softirq raised while its pCPU drains an earlier raise: some run of the handler sees the work, or the bit is set
 * again. Fails when the bit is cleared after the handler has run.
 */
@JCStressTest
@Outcome(
        id = {"1", "2"},
        expect = ACCEPTABLE,
        desc = "Seen by a handler that ran after it was raised.")
@Outcome(expect = FORBIDDEN, desc = "Raised, and no handler saw the work.")
@State
public class SoftirqRaiseVsDrain {
    private final OnePcpu m = OnePcpu.take();

    @Actor
    public void raiser() {
        m.leaveWork();
    }

    @Actor
    public void pcpu() {
        m.cpu.softirqs().run(m.cpu);
    }

    @Arbiter
    public void done(I_Result r) {
        m.cpu.softirqs().run(m.cpu);
        r.r1 = m.giveBack();
    }

    /**
     * The bit cleared afterwards. In bare cells, since nothing outside can make the model's own loop do that: one cell for the
     * pending word, which is set at first, one for the work, a drain of one round, and a bit that is still set counts as seen.
     */
    @JCStressTest
    @WeakTwin(Pattern.INTERLEAVING)
    @Outcome(id = "1", expect = ACCEPTABLE, desc = "Seen, or raised anew.")
    @Outcome(id = "0", expect = ACCEPTABLE_INTERESTING, desc = "Raised, and no handler saw the work.")
    @State
    public static class ClearedAfterwards {
        private final TwoPcpus m = TwoPcpus.slow();
        private final IntCell pending = new IntCell("pending", null, 1);
        private final IntCell work = new IntCell("work");
        private boolean seen;

        @Actor
        public void raiser() {
            work.setOpaque(m.a, 1);
            pending.testAndSetBit(m.a, 0);
        }

        @Actor
        public void pcpu() {
            seen = work.getOpaque(m.b) != 0;
            pending.testAndClearBit(m.b, 0);
        }

        @Arbiter
        public void done(I_Result r) {
            r.r1 = seen || pending.peek() != 0 ? 1 : 0;
        }
    }

    /** The same with the softirq raised before the work is there. */
    @JCStressTest
    @WeakTwin(Pattern.INTERLEAVING)
    @Outcome(
            id = {"1", "2"},
            expect = ACCEPTABLE,
            desc = "Seen by a handler that ran after it was raised.")
    @Outcome(id = "0", expect = ACCEPTABLE_INTERESTING, desc = "Raised, and no handler saw the work.")
    @Outcome(expect = FORBIDDEN, desc = "Nothing else is possible.")
    @State
    public static class RaisedFirst {
        private final OnePcpu m = OnePcpu.take();

        @Actor
        public void raiser() {
            m.raiseAndLeaveWork();
        }

        @Actor
        public void pcpu() {
            m.cpu.softirqs().run(m.cpu);
        }

        @Arbiter
        public void done(I_Result r) {
            m.cpu.softirqs().run(m.cpu);
            r.r1 = m.giveBack();
        }
    }
}
