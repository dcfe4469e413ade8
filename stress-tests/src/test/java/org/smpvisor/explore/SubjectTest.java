package org.smpvisor.explore;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.parallel.Execution;
import org.junit.jupiter.api.parallel.ExecutionMode;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.smpvisor.cpu.Counter;
import org.smpvisor.engine.Outcome;
import org.smpvisor.engine.RandomWalk;
import org.smpvisor.engine.Replay;
import org.smpvisor.engine.Strategy;
import org.smpvisor.oracle.Violation;
import org.smpvisor.variant.Quirk;
import org.smpvisor.variant.Variant;

/** Every small scenario, from its mark. */
class SubjectTest {
    private static final int SCHEDULES = 60;

    static List<String> scenarios() {
        return SmallScenarios.all().stream().map(SmallScenario::name).toList();
    }

    private static SmallScenario named(String name) {
        return SmallScenarios.named(name).orElseThrow();
    }

    private static List<String> texts(List<Violation> violations) {
        return violations.stream().map(v -> v.kind() + ": " + v.text()).toList();
    }

    @Execution(ExecutionMode.CONCURRENT)
    @ParameterizedTest
    @MethodSource("scenarios")
    void withEveryWeakSpotCorrectedNothingGoesWrong(String name) {
        Subject s = new Subject(named(name), Variant.allFixed(), true);
        Strategy random = new RandomWalk(17);
        for (int i = 0; i < SCHEDULES; i++) {
            Outcome o = s.run(random, null);
            assertThat(texts(s.judge(o))).as("schedule %d, seed 17", i).isEmpty();
            assertThat(o.end()).isEqualTo(Outcome.End.QUIESCENT);
        }
    }

    static List<String> scenariosOnAGicV2() {
        return SmallScenarios.all().stream()
                .filter(s -> !s.isGicV2())
                .map(s -> s.name() + "-gicv2")
                .toList();
    }

    @Execution(ExecutionMode.CONCURRENT)
    @ParameterizedTest
    @MethodSource("scenariosOnAGicV2")
    void anySceneCanBePlayedOnAGicV2(String name) {
        assertThat(named(name).isGicV2()).isTrue();
        assertThat(SmallScenarios.named(name + "-gicv2")).isEmpty();
        withEveryWeakSpotCorrectedNothingGoesWrong(name);
    }

    @Execution(ExecutionMode.CONCURRENT)
    @ParameterizedTest
    @MethodSource("scenarios")
    void whatGoesWrongWithXensWeakSpotsIsExplainedByOneOfThem(String name) {
        Subject s = new Subject(named(name), Variant.xen(), true);
        Strategy random = new RandomWalk(23);
        for (int i = 0; i < SCHEDULES; i++) {
            for (Violation v : s.judge(s.run(random, null))) {
                assertThat(s.explain(v)).as("schedule %d, seed 23: %s", i, v).isNotNull();
            }
        }
    }

    /** A machine that was put back must behave as a fresh one: same decisions, same steps, same end, same counters. */
    @Execution(ExecutionMode.CONCURRENT)
    @ParameterizedTest
    @MethodSource("scenarios")
    void aMachineThatWasPutBackCannotBeToldFromAFreshOne(String name) {
        Subject used = new Subject(named(name), Variant.xen(), true);
        Strategy random = new RandomWalk(5);
        List<byte[]> decisions = new ArrayList<>();
        for (int i = 0; i < 12; i++) {
            used.run(random, null);
            decisions.add(used.engine().decisions());
        }
        for (byte[] d : decisions.subList(8, 12)) {
            Subject fresh = new Subject(named(name), Variant.xen(), true);
            assertThat(seen(used, d)).isEqualTo(seen(fresh, d));
            assertThat(counters(used)).isEqualTo(counters(fresh));
        }
    }

    private static List<String> seen(Subject s, byte[] decisions) {
        List<String> out = new ArrayList<>();
        Outcome o = s.run(new Replay(decisions, true), (step, actor, what, on) -> out.add(actor + " " + what));
        out.add(o.end().toString());
        out.addAll(texts(s.judge(o).stream()
                .filter(v -> v.kind() != Violation.Kind.LOCKING) // a validator reports each finding once
                .toList()));
        return out;
    }

    private static Map<Counter, Long> counters(Subject s) {
        Map<Counter, Long> out = new HashMap<>();
        for (Counter c : Counter.values()) {
            out.put(c, s.total(c) - s.atMark(c));
        }
        return out;
    }

    @Execution(ExecutionMode.CONCURRENT)
    @ParameterizedTest
    @MethodSource("scenarios")
    void threadsAndContinuationsGiveTheSameRun(String name) {
        Subject a = new Subject(named(name), Variant.xen(), true);
        Subject b = new Subject(named(name), Variant.xen(), false);
        Strategy first = new RandomWalk(99);
        Strategy second = new RandomWalk(99);
        for (int i = 0; i < 3; i++) {
            a.run(first, null);
            b.run(second, null);
            assertThat(b.engine().decisions()).isEqualTo(a.engine().decisions());
        }
    }

    /** Whether a failure that {@code quirk} explains is found; none may be without an explanation. */
    private static boolean isFound(String scenario, Quirk quirk, Variant variant, int schedules) {
        Subject s = new Subject(named(scenario), variant, true);
        Portfolio p = new Portfolio("portfolio", 1, true);
        for (int i = 0; i < schedules; ) {
            Portfolio.Arm arm = p.next();
            for (int slice = 0; slice < 64; slice++, i++) {
                for (Violation v : s.judge(s.run(arm.strategy(), null))) {
                    Quirk by = s.explain(v);
                    assertThat(by).as("%s", v).isNotNull();
                    if (by == quirk) {
                        return true;
                    }
                }
                p.ended(arm);
            }
        }
        return false;
    }

    private static Variant only(Quirk q) {
        return Variant.allFixed().with(q, false);
    }

    /** The loss that real Xen 4.17 shows: Linux's three writes against a line that keeps firing. */
    @Test
    void theMoveThatLinuxDoesLosesAnInterruptByH27Alone() {
        // Injectors that ask the owner mend it (H3), and a disable that withdraws wakes the old vCPU, which cleans up
        // (H8).
        Variant v = only(Quirk.H27).with(Quirk.H3, false).with(Quirk.H8, false);
        assertThat(isFound("linux-move", Quirk.H27, v, 3_000)).isTrue();
    }

    @Test
    void anInterruptInTheListRegisterOfASleeperIsForgottenBySv2Alone() {
        assertThat(isFound("linux-move", Quirk.SV2, only(Quirk.SV2), 3_000)).isTrue();
    }

    @Test
    void aTrapUnderAnArmedUnderflowInterruptNeverEndsBySv3Alone() {
        assertThat(isFound("lr-pressure", Quirk.SV3, only(Quirk.SV3), 3_000)).isTrue();
    }

    /** INPROGRESS says what has to be deactivated when a domain is destroyed: cleared too early, it leaves the line active. */
    @Test
    void aLineIsLeftActiveByADomainThatShutsDownByH25Alone() {
        assertThat(isFound("system-off", Quirk.H25, only(Quirk.H25), 8_000)).isTrue();
    }
}
