package org.smpvisor.explore;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.parallel.Execution;
import org.junit.jupiter.api.parallel.ExecutionMode;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.smpvisor.engine.BoundedSearch;
import org.smpvisor.engine.ControlledEngine;
import org.smpvisor.engine.Outcome;
import org.smpvisor.engine.Strategy;
import org.smpvisor.variant.Variant;

/**
 * The search cuts a schedule where it comes to a state that another came to before. That is sound only if a state's hash takes in
 * everything that decides what can follow; so where two schedules have the same hash, they must go on alike.
 */
class StateTest {
    private static final int SCHEDULES = 150;
    private static final int PAIRS = 60;
    private static final int CONTINUATIONS = 2;

    /** The beginning of a schedule. */
    private record Way(byte[] decisions, int length) {}

    /** Follows a way and goes on by chance; notes the states that it comes to. */
    private static final class Wanderer implements Strategy {
        private final Map<Long, Integer> states = new HashMap<>();
        private final Way way;
        private final long seed;
        private SplittableRandom rng;
        private ControlledEngine engine;

        Wanderer(Way way, long seed) {
            this.way = way;
            this.seed = seed;
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
        public int choose(long enabled, int current) {
            if (engine.steps() < way.length) {
                return way.decisions[engine.steps()];
            }
            states.putIfAbsent(engine.state(), engine.steps());
            long set = enabled;
            for (int skip = rng.nextInt(Long.bitCount(enabled)); skip > 0; skip--) {
                set &= set - 1;
            }
            return Long.numberOfTrailingZeros(set);
        }
    }

    private static List<String> goesOn(Subject s, Way way, long seed) {
        List<String> out = new ArrayList<>();
        Outcome o = s.run(new Wanderer(way, seed), (step, actor, what, on) -> {
            if (step >= way.length) {
                out.add(actor + " " + what + " " + on);
            }
        });
        out.add(o.end().toString());
        s.judge(o).forEach(v -> out.add(v.kind() + " " + v.intid() + " " + v.vcpu()));
        return out;
    }

    @Execution(ExecutionMode.CONCURRENT)
    @ParameterizedTest
    @ValueSource(
            strings = {
                "inject-retarget",
                "linux-move",
                "wfi-kick",
                "lr-pressure",
                "vcpu-move",
                "sgi-broadcast",
                "timer-move",
                "event-block",
                "cpu-off",
                "destroy",
                "hotplug"
            })
    void twoWaysIntoTheSameStateGoOnAlike(String scenario) {
        Subject s = new Subject(SmallScenarios.named(scenario).orElseThrow(), Variant.allFixed(), true);
        Map<Long, Way> first = new HashMap<>();
        int pairs = 0;
        for (int i = 0; i < SCHEDULES && pairs < PAIRS; i++) {
            Wanderer w = new Wanderer(new Way(new byte[0], 0), i);
            s.run(w, null);
            byte[] decisions = s.engine().decisions();
            int taken = 0;
            for (Map.Entry<Long, Integer> e : w.states.entrySet()) {
                Way here = new Way(decisions, e.getValue());
                Way before = first.putIfAbsent(e.getKey(), here);
                if (before != null && !isSame(before, here) && taken < 3) {
                    taken++;
                    pairs++;
                    for (int seed = 0; seed < CONTINUATIONS; seed++) {
                        assertThat(goesOn(s, here, seed))
                                .as("after %d and after %d steps, seeds %d and %d", here.length, before.length, i, seed)
                                .isEqualTo(goesOn(s, before, seed));
                    }
                }
            }
        }
        assertThat(pairs).as("states that were met twice").isGreaterThanOrEqualTo(PAIRS / 2);
    }

    private static boolean isSame(Way a, Way b) {
        return Arrays.equals(a.decisions, 0, a.length, b.decisions, 0, b.length);
    }

    /** What is put back is what was noted as written: nothing may be written that is not noted. */
    @Test
    void everythingThatIsWrittenIsPutBack() {
        for (SmallScenario scenario : SmallScenarios.all()) {
            Subject s = new Subject(scenario, Variant.xen(), true);
            for (int seed = 0; seed < 20; seed++) {
                s.run(new Wanderer(new Way(new byte[0], 0), seed), null);
            }
            assertThat(s.strays()).as(scenario.name()).isEmpty();
        }
    }

    @Test
    void aSmallBoundIsExhaustedAndNothingGoesWrongInIt() {
        Subject s = new Subject(SmallScenarios.named("inject-retarget").orElseThrow(), Variant.allFixed(), true);
        BoundedSearch search = new BoundedSearch(0, 1);
        do {
            Outcome o = s.run(search, null);
            if (o.end() != Outcome.End.CUT) {
                assertThat(s.judge(o)).isEmpty();
            }
        } while (search.end());
        assertThat(search.isExhausted()).isTrue();
        assertThat(search.cuts()).isPositive();
    }
}
