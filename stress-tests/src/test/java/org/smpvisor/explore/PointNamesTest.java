package org.smpvisor.explore;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Collections;
import java.util.IdentityHashMap;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.Stream;
import org.junit.jupiter.api.parallel.Execution;
import org.junit.jupiter.api.parallel.ExecutionMode;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.smpvisor.engine.RandomWalk;
import org.smpvisor.engine.Strategy;
import org.smpvisor.variant.Variant;

/** Stories and replay files name what a step was done on. */
class PointNamesTest {
    private static final int SCHEDULES = 40;

    static Stream<SmallScenario> scenarios() {
        return SmallScenarios.all().stream();
    }

    @Execution(ExecutionMode.CONCURRENT)
    @ParameterizedTest
    @MethodSource("scenarios")
    void everyObjectOfAPointHasANameOfItsOwnThatIsTheSameInEveryRun(SmallScenario scenario) {
        for (Variant variant : new Variant[] {Variant.xen(), Variant.allFixed()}) {
            Set<String> first = namesIn(new Subject(scenario, variant, true));
            Set<String> again = namesIn(new Subject(scenario, variant, true));

            assertThat(first)
                    .hasSizeGreaterThan(10)
                    .noneMatch(n -> n.matches(".*@[0-9a-f]+.*"))
                    .isEqualTo(again);
        }
    }

    private static Set<String> namesIn(Subject subject) {
        Set<Object> objects = Collections.newSetFromMap(new IdentityHashMap<>());
        Strategy random = new RandomWalk(7);
        for (int i = 0; i < SCHEDULES; i++) {
            subject.run(random, (step, actor, what, on) -> {
                if (on != null) {
                    objects.add(on);
                }
            });
        }
        Map<String, Object> byName = new TreeMap<>();
        for (Object o : objects) {
            assertThat(byName.put(o.toString(), o))
                    .as("another object named " + o)
                    .isNull();
        }
        return new TreeSet<>(byName.keySet());
    }
}
