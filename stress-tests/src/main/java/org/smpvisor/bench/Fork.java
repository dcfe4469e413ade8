package org.smpvisor.bench;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.lang.management.ManagementFactory;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * Measures a job in a JVM of its own, with this one's options: what a compiler has learnt from one job's guests makes the code
 * that it compiles for the next one's slower.
 */
public final class Fork {
    private static final String RESULT = "result\t";
    private static final String FAILED = "failed\t";
    private static final int FIELDS = 8;

    private Fork() {}

    /** Measures {@code job}; what it prints besides goes to this process's standard error. */
    public static JobResult measure(Job job, int runs, double seconds) {
        List<String> command = new ArrayList<>();
        command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        for (String option : ManagementFactory.getRuntimeMXBean().getInputArguments()) {
            if (option.startsWith("--") || option.startsWith("-X") && !option.contains("Archive")) {
                command.add(option);
            }
        }
        command.addAll(List.of(
                "--add-exports=java.base/jdk.internal.misc=ALL-UNNAMED",
                "--add-exports=java.base/jdk.internal.vm=ALL-UNNAMED"));
        if (Runtime.version().feature() >= 23) {
            command.add("--sun-misc-unsafe-memory-access=allow");
        }
        command.addAll(List.of(
                "-cp",
                System.getProperty("java.class.path"),
                Fork.class.getName(),
                job.label(),
                Integer.toString(runs),
                Double.toString(seconds)));
        try {
            Process p = new ProcessBuilder(command)
                    .redirectError(ProcessBuilder.Redirect.INHERIT)
                    .start();
            Thread end = new Thread(p::destroyForcibly, "end of " + job.label());
            Runtime.getRuntime().addShutdownHook(end);
            try (BufferedReader in =
                    new BufferedReader(new InputStreamReader(p.getInputStream(), StandardCharsets.UTF_8))) {
                for (String line = in.readLine(); line != null; line = in.readLine()) {
                    if (line.startsWith(RESULT)) {
                        return result(job, line.substring(RESULT.length()));
                    }
                    if (line.startsWith(FAILED)) {
                        throw new BenchFailure(line.substring(FAILED.length()));
                    }
                }
            } finally {
                p.destroyForcibly();
                Runtime.getRuntime().removeShutdownHook(end);
            }
        } catch (IOException e) {
            throw new BenchFailure(job.label() + ": no JVM of its own: " + e.getMessage(), e);
        }
        throw new BenchFailure(job.label() + ": its JVM ended without a result");
    }

    private static JobResult result(Job job, String line) {
        String[] f = line.split("\t", FIELDS);
        return new JobResult(
                job,
                Double.parseDouble(f[0]),
                Double.parseDouble(f[1]),
                Double.parseDouble(f[2]),
                Integer.parseInt(f[3]),
                Integer.parseInt(f[4]),
                Double.parseDouble(f[5]),
                Double.parseDouble(f[6]),
                f[7]);
    }

    /** The other side: job, runs, seconds. */
    public static void main(String[] args) {
        try {
            Job job = Job.named(args[0]).orElseThrow();
            JobResult r = new Bench(Integer.parseInt(args[1]), Double.parseDouble(args[2]), line -> {})
                    .run(List.of(job))
                    .get(0);
            System.out.println(RESULT
                    + r.median()
                    + '\t'
                    + r.min()
                    + '\t'
                    + r.max()
                    + '\t'
                    + r.runs()
                    + '\t'
                    + r.discarded()
                    + '\t'
                    + r.reference()
                    + '\t'
                    + r.ratio()
                    + '\t'
                    + r.note().replace('\n', ' '));
        } catch (BenchFailure e) {
            System.out.println(FAILED + String.valueOf(e.getMessage()).replace('\n', ' '));
        }
        System.exit(0); // helpers of a job may still be about
    }
}
