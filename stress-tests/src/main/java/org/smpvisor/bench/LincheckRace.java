package org.smpvisor.bench;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import org.jetbrains.lincheck.LincheckAssertionError;
import org.jetbrains.lincheck.datastructures.ManagedStrategyGuaranteeKt;
import org.jetbrains.lincheck.datastructures.ModelCheckingOptions;
import org.jetbrains.lincheck.datastructures.Operation;
import org.jetbrains.lincheck.datastructures.Validate;
import org.smpvisor.engine.NativeEngine;
import org.smpvisor.explore.InjectRace;
import org.smpvisor.variant.Variant;

/**
 * {@link InjectRace} under Lincheck's model checker, in a JVM of its own: two threads, one operation each. Lincheck cannot put
 * objects back, so each invocation builds the race anew; it is told to ignore that part. The lock validator is off: it would
 * judge each chain of locks as new in each invocation, and cost most of the time.
 *
 * <p>The general API, {@code Lincheck.runConcurrentTest}, is of no use here: it has no options, and after a constructor with a
 * loop of more than ten turns it explores no interleaving and reports success.
 *
 * <p>Reads numbers of invocations, one a line, and answers each with a rate. First it says after how many invocations it has
 * found what Xen's own rule does wrong: proof that it interleaves.
 */
public class LincheckRace {
    static final String FOUND = "found ";
    static final String RATE = "rate ";
    private static final int MOST_TO_FIND = 2_000;

    /** More than any loop of the model, all of which end. */
    private static final int LOOP_TURNS = 2_000;

    private static final int LOOP_BOUND = 100_000;

    private final InjectRace race = Fresh.race();

    @Operation(nonParallelGroup = "device")
    public void inject() {
        race.inject(race.cpu(0));
    }

    @Operation(nonParallelGroup = "guest")
    public void retarget() {
        race.retarget(race.cpu(1));
    }

    @Validate
    public void keepsTheInterrupt() {
        if (race.isLostOrDoubled() || race.isMisrouted()) {
            throw new AssertionError("lost, doubled or misrouted");
        }
    }

    /** Both operations return nothing: any order is right. */
    public static final class Specification {
        public void inject() {}

        public void retarget() {}
    }

    /** What Lincheck ignores. */
    static final class Fresh {
        private static Variant variant = Variant.xen();
        private static int made;
        private static long first;
        private static long last;
        private static long building;

        private Fresh() {}

        static InjectRace race() {
            last = System.nanoTime();
            if (made++ == 0) {
                first = last;
                building = 0;
            }
            InjectRace r = new InjectRace(new NativeEngine(InjectRace.CPUS), variant, false);
            r.setUp(r.cpu(0));
            r.setUp(r.cpu(1));
            building += System.nanoTime() - last;
            return r;
        }

        static void begin(Variant v) {
            variant = v;
            made = 0;
            building = 0;
        }

        static int made() {
            return made;
        }

        /** Invocations a second between the first and the last, as if to build the race took no time. */
        static double rate() {
            return (made - 1) * 1e9 / Math.max(1, last - first - building * (made - 1) / made);
        }

        /** Part of the time that went into building, 0 to 1. */
        static double part() {
            return (double) building * (made - 1) / made / (last - first);
        }
    }

    public static void main(String[] args) throws IOException {
        Fresh.begin(Variant.xen());
        boolean found = !passes(MOST_TO_FIND);
        System.out.println(FOUND + (found ? Fresh.made() : 0));
        BufferedReader in = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.US_ASCII));
        for (String line = in.readLine(); line != null; line = in.readLine()) {
            Fresh.begin(Variant.allFixed());
            if (!passes(Integer.parseInt(line))) {
                throw new IllegalStateException("the corrected rule fails");
            }
            System.out.println(RATE + Fresh.rate() + " " + Fresh.part());
        }
    }

    private static boolean passes(int invocations) {
        try {
            new ModelCheckingOptions()
                    .iterations(1)
                    .invocationsPerIteration(invocations)
                    .threads(2)
                    .actorsPerThread(1)
                    .actorsBefore(0)
                    .actorsAfter(0)
                    .minimizeFailedScenario(false)
                    .loopIterationsBeforeThreadSwitch(LOOP_TURNS)
                    .loopBound(LOOP_BOUND)
                    .addGuarantee(ManagedStrategyGuaranteeKt.forClasses(Fresh.class.getName())
                            .methods("race")
                            .ignore())
                    .sequentialSpecification(Specification.class)
                    .check(LincheckRace.class);
            return true;
        } catch (LincheckAssertionError e) {
            return false;
        }
    }
}
