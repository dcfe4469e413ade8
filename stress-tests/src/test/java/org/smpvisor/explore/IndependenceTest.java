package org.smpvisor.explore;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.SplittableRandom;
import org.junit.jupiter.api.parallel.Execution;
import org.junit.jupiter.api.parallel.ExecutionMode;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.smpvisor.engine.ControlledEngine;
import org.smpvisor.engine.Strategy;
import org.smpvisor.variant.Variant;

/**
 * The partial-order search takes two steps that touch nothing in common for exchangeable. That is sound only if everything that a
 * step touches is noted; so such steps are done in both orders, which must lead to the same state.
 */
class IndependenceTest {
    private static final int TRIES = 250;
    private static final int DEPTH = 260;

    /** Goes on by chance up to a step, lets two actors go on there in the order that is asked for, and ends. */
    private static final class Pair implements Strategy {
        private final long seed;
        private final int at;
        private final boolean swapped;
        private SplittableRandom rng;
        private ControlledEngine engine;
        private int first = -1;
        private int second = -1;
        private boolean bothCan;
        private long state;

        Pair(long seed, int at, boolean swapped) {
            this.seed = seed;
            this.at = at;
            this.swapped = swapped;
        }

        @Override
        public void begin(ControlledEngine e) {
            engine = e;
            rng = new SplittableRandom(seed);
        }

        @Override
        public boolean comparesStates() {
            return true;
        }

        @Override
        public boolean tracesSteps() {
            return true;
        }

        @Override
        public int choose(long enabled, int current) {
            int s = engine.steps();
            if (s < at) {
                return any(enabled);
            }
            if (s == at) {
                first = any(enabled);
                second = any(enabled & ~(1L << first));
                bothCan = true;
                return swapped ? second : first;
            }
            if (s == at + 1 && bothCan) {
                int then = swapped ? first : second;
                return (enabled >>> then & 1) != 0 ? then : -1;
            }
            state = engine.state();
            return -1;
        }

        private int any(long enabled) {
            long set = enabled;
            for (int skip = rng.nextInt(Long.bitCount(enabled)); skip > 0; skip--) {
                set &= set - 1;
            }
            return Long.numberOfTrailingZeros(set);
        }

        /** Whether both have gone on, one right after the other; they may have been forced to. */
        boolean haveGoneOn() {
            return bothCan && engine.steps() >= at + 2 && engine.decision(at + 1) == (swapped ? first : second);
        }

        boolean isIndependent() {
            return haveGoneOn() && !engine.dependOnEachOther(at, at + 1);
        }
    }

    /** Not {@code destroy}: there an interrupt of cpu0 and the end of cpu1's wait for the lock of RCU lead to two hashes (seed 7). */
    @Execution(ExecutionMode.CONCURRENT)
    @ParameterizedTest
    @ValueSource(
            strings = {
                "inject-retarget",
                "retarget-eoi",
                "enable-inject",
                "two-retargets",
                "linux-move",
                "vcpu-move",
                "wfi-kick",
                "sgi-broadcast",
                "lr-pressure",
                "virtual-move",
                "release",
                "host-handlers",
                "timer-move",
                "event-block",
                "cpu-off",
                "hotplug"
            })
    void stepsThatTouchNothingInCommonCanChangePlaces(String scenario) {
        exchange(new Subject(SmallScenarios.named(scenario).orElseThrow(), Variant.xen(), true));
        exchange(new Subject(SmallScenarios.named(scenario).orElseThrow(), Variant.allFixed(), true));
    }

    private static void exchange(Subject s) {
        int exchanged = 0;
        for (int i = 0; i < TRIES; i++) {
            int at = new SplittableRandom(i).nextInt(DEPTH);
            Pair one = new Pair(i, at, false);
            s.run(one, null);
            if (!one.isIndependent()) {
                continue;
            }
            Pair other = new Pair(i, at, true);
            s.run(other, null);
            String what = s.engine().actorName(one.first) + " and " + s.engine().actorName(one.second) + " after " + at
                    + " steps, seed " + i;
            assertThat(other.haveGoneOn())
                    .as("both can go on in the other order: %s", what)
                    .isTrue();
            assertThat(other.isIndependent())
                    .as("independent in the other order: %s", what)
                    .isTrue();
            if (one.state != 0 && other.state != 0) { // else somebody was forced to go on after the two
                assertThat(other.state).as(what).isEqualTo(one.state);
                exchanged++;
            }
        }
        assertThat(exchanged).as("pairs that were exchanged").isGreaterThanOrEqualTo(TRIES / 10);
    }
}
