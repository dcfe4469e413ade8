package org.smpvisor.lincheck;

import java.util.Locale;
import org.jetbrains.lincheck.datastructures.CTestConfiguration;
import org.jetbrains.lincheck.datastructures.ManagedStrategyGuaranteeKt;
import org.jetbrains.lincheck.datastructures.ModelCheckingOptions;
import org.jetbrains.lincheck.datastructures.Options;
import org.jetbrains.lincheck.datastructures.StressOptions;

/**
 * How much the Lincheck tests try, as the system property {@value #PROPERTY} says: {@code quick} for every build, which it is
 * without the property, {@code default} or {@code tough}. A test says what it needs to be quick, and is still to find its
 * broken twin with that.
 *
 * <p>Two threads, and afterwards one operation more that sees what they left behind.
 */
public final class Budget {
    public static final String PROPERTY = "smpvisor.lincheck.mode";

    /** A waiter that is passed over that often hangs. */
    private static final int LOOP_BOUND = 400;

    /** More than the longest loop of an operation that is no wait loop. */
    private static final int LOOP_TURNS = 20;

    private enum Mode {
        QUICK(1, 1),
        DEFAULT(3, 6),
        TOUGH(10, 30);

        private final int scenarios;
        private final int times;

        Mode(int scenarios, int times) {
            this.scenarios = scenarios;
            this.times = times;
        }
    }

    private Budget() {}

    private static Mode mode() {
        String asked = System.getProperty(PROPERTY, "quick");
        for (Mode m : Mode.values()) {
            if (m.name().toLowerCase(Locale.ROOT).equals(asked)) {
                return m;
            }
        }
        throw new IllegalArgumentException("-D" + PROPERTY + "=" + asked + ": quick, default or tough");
    }

    /** {@code quick} schedules, or a multiple of them. */
    public static int invocations(int quick) {
        return quick * mode().times;
    }

    /** All schedules with few switches, up to {@code quick} of them or a multiple, of each of {@code scenarios} random scenarios or a multiple. */
    public static ModelCheckingOptions modelChecking(int scenarios, int quick) {
        return scenarios(new ModelCheckingOptions(), scenarios, quick)
                .loopIterationsBeforeThreadSwitch(LOOP_TURNS)
                .loopBound(LOOP_BOUND)
                .addGuarantee(ManagedStrategyGuaranteeKt.forClasses(c -> c.startsWith("org.smpvisor."))
                        .methods(Fresh.METHOD)
                        .ignore());
    }

    /** The same scenarios on real threads, {@code quick} times or a multiple each. */
    public static StressOptions stress(int scenarios, int quick) {
        return scenarios(new StressOptions(), scenarios, quick);
    }

    private static <C extends CTestConfiguration, O extends Options<O, C>> O scenarios(O options, int n, int quick) {
        return options.iterations(n)
                .invocationsPerIteration(invocations(quick))
                .threads(2)
                .actorsPerThread(2)
                .actorsBefore(0)
                .actorsAfter(1)
                .minimizeFailedScenario(false);
    }
}
