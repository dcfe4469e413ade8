package org.smpvisor.lincheck;

import java.lang.reflect.Method;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import org.jetbrains.kotlinx.lincheck.Actor;
import org.jetbrains.kotlinx.lincheck.execution.ExecutionScenario;

/** Scenarios in words, for what a few random ones would hardly hit upon: {@code "inject 1; guest 0"}. */
public final class Script {
    private Script() {}

    /**
     * Two threads of operations, and what is done before and afterwards.
     *
     * @param subject the class of the operations, whose parameters are ints
     */
    public static ExecutionScenario of(
            Class<?> subject, String before, String thread0, String thread1, String afterwards) {
        return new ExecutionScenario(
                operations(subject, before),
                List.of(operations(subject, thread0), operations(subject, thread1)),
                operations(subject, afterwards),
                null);
    }

    private static List<Actor> operations(Class<?> subject, String words) {
        return Arrays.stream(words.split(";"))
                .map(String::trim)
                .filter(w -> !w.isEmpty())
                .map(w -> operation(subject, w.split(" ")))
                .toList();
    }

    private static Actor operation(Class<?> subject, String[] words) {
        List<Integer> arguments =
                Arrays.stream(words).skip(1).map(Integer::valueOf).toList();
        Method method = Stream.of(subject.getMethods())
                .filter(m -> m.getName().equals(words[0]) && m.getParameterCount() == arguments.size())
                .findFirst()
                .orElseThrow(() -> new IllegalArgumentException(subject + " has no such operation: " + words[0]));
        return new Actor(method, arguments);
    }
}
