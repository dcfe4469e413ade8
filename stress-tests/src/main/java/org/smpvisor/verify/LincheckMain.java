package org.smpvisor.verify;

import static org.junit.platform.engine.discovery.DiscoverySelectors.selectClass;

import org.junit.platform.engine.TestExecutionResult;
import org.junit.platform.launcher.TestExecutionListener;
import org.junit.platform.launcher.TestIdentifier;
import org.junit.platform.launcher.core.LauncherDiscoveryRequestBuilder;
import org.junit.platform.launcher.core.LauncherFactory;
import org.smpvisor.variant.PutBack;

/** The other side of {@link LincheckRun}: runs one class of tests in this JVM and says what became of them in a last line. */
final class LincheckMain {
    /** Begins that line; after it: tests run, failed, left out, and the first reason for either. */
    static final String RESULT = "smpvisor-lincheck\t";

    private LincheckMain() {}

    /** Argument: the name of the class. */
    public static void main(String[] args) {
        Counts counts = new Counts();
        LauncherFactory.create()
                .execute(
                        LauncherDiscoveryRequestBuilder.request()
                                .selectors(selectClass(args[0]))
                                .build(),
                        counts);
        end(counts);
    }

    private static void end(Counts counts) {
        System.out.println(
                RESULT + counts.ran + '\t' + counts.failed + '\t' + counts.leftOut + '\t' + firstLine(counts.reason));
        System.out.flush();
        Runtime.getRuntime().halt(0); // threads of a test that lost itself may still be about
    }

    /** Without a last line: the class broke down. */
    private static void brokeDown() {
        System.out.flush();
        Runtime.getRuntime().halt(1);
    }

    static String firstLine(String text) {
        return text.strip().lines().findFirst().orElse("").replace('\t', ' ');
    }

    private static final class Counts implements TestExecutionListener {
        private int ran;
        private int failed;
        private int leftOut;
        private String reason = "";

        @Override
        public void executionSkipped(TestIdentifier test, String why) {
            leftOut++;
            because(why);
        }

        @Override
        public void executionFinished(TestIdentifier test, TestExecutionResult result) {
            Throwable e = result.getThrowable().orElse(null);
            if (e != null) {
                System.out.println(test.getDisplayName() + ": " + result.getStatus());
                e.printStackTrace(System.out);
                because(e.getMessage() == null ? e.toString() : e.getMessage());
                if (!(e instanceof AssertionError)) {
                    brokeDown(); // it is no answer to what was asked
                }
            }
            switch (result.getStatus()) {
                case FAILED -> failed++;
                case ABORTED -> leftOut++;
                case SUCCESSFUL -> {}
            }
            if (test.isTest() && result.getStatus() != TestExecutionResult.Status.ABORTED) {
                ran++;
            }
            if (failed > 0 && !PutBack.bugs().isEmpty()) {
                end(this); // a bug is found, and how soon is asked
            }
        }

        private void because(String why) {
            if (reason.isEmpty()) {
                reason = why;
            }
        }
    }
}
