package org.smpvisor.mutate;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.lang.management.ManagementFactory;
import java.lang.reflect.InvocationTargetException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;

/** Examines one mutant. As a program of its own: the name of a site, amount and kind of its budget, a seed. */
public final class Trial {
    private static final String ANSWER = "answer ";

    /**
     * What came of it.
     *
     * @param status {@code killed}, {@code survived} or {@code not reached}
     * @param tool what noticed, empty if nothing did
     * @param scenario the small scenario in which it did
     * @param schedules schedules tried
     * @param text what was seen
     */
    public record Result(Site site, String status, String tool, String scenario, long schedules, String text) {
        static Result of(Site site, String line) {
            String[] f = line.split("\t", 5);
            return new Result(site, f[0], f[1], f[2], Long.parseLong(f[3]), f[4]);
        }

        public boolean isKilled() {
            return status.equals("killed");
        }

        public boolean isReached() {
            return !status.equals("not reached");
        }

        /** As a JSON object. */
        public Map<String, Object> document() {
            Map<String, Object> d = new LinkedHashMap<>();
            d.put("site", site.name());
            d.put("family", site.family().label());
            d.put("line", site.line());
            d.put("what", site.what());
            d.put("status", status);
            d.put("tool", tool);
            d.put("scenario", scenario);
            d.put("schedules", schedules);
            d.put("text", text);
            return d;
        }
    }

    /**
     * What is granted to a mutant that nothing kills.
     *
     * @param amount seconds in all, or, if {@code counted}, schedules of each scenario
     */
    public record Budget(double amount, boolean counted) {
        private static final double PATIENCE = 4;
        private static final double SLOWEST = 50;
        private static final double START_SECONDS = 60;

        /** Seconds after which a mutant hangs. */
        long limit() {
            return (long) (START_SECONDS + (counted ? amount / SLOWEST * 10 : PATIENCE * amount));
        }
    }

    private Trial() {}

    /** In this JVM, in a class loader of its own; {@code site} may be {@code null}. A mutant that hangs hangs this thread. */
    static Result here(Site site, Budget budget, long seed) {
        try {
            Object line = new MutantLoader(site)
                    .loadClass(Examination.class.getName())
                    .getMethod("examine", double.class, boolean.class, long.class)
                    .invoke(null, budget.amount(), budget.counted(), seed);
            return Result.of(site, (String) line);
        } catch (InvocationTargetException e) {
            return new Result(site, "killed", "assertion", "", 0, String.valueOf(e.getCause()));
        } catch (ReflectiveOperationException e) {
            throw new IllegalStateException(e);
        }
    }

    /** In a JVM of its own, which is ended when it takes too long. */
    static Result apart(Site site, Budget budget, long seed) throws InterruptedException {
        List<String> command = new ArrayList<>();
        command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        for (String option : ManagementFactory.getRuntimeMXBean().getInputArguments()) {
            if (option.startsWith("--") || option.startsWith("-Xm")) {
                command.add(option);
            }
        }
        command.addAll(List.of(
                "-XX:+UseSerialGC",
                "-XX:TieredStopAtLevel=1", // it lives for seconds: better code would come too late
                "-cp",
                System.getProperty("java.class.path"),
                Trial.class.getName(),
                site.name(),
                Double.toString(budget.amount()),
                Boolean.toString(budget.counted()),
                Long.toString(seed)));
        try {
            Process p = new ProcessBuilder(command)
                    .redirectError(ProcessBuilder.Redirect.DISCARD)
                    .start();
            long limit = budget.limit();
            Thread killer = new Thread(() -> end(p, limit), "limit");
            killer.setDaemon(true);
            killer.start();
            try (BufferedReader in =
                    new BufferedReader(new InputStreamReader(p.getInputStream(), StandardCharsets.UTF_8))) {
                for (String line = in.readLine(); line != null; line = in.readLine()) {
                    if (line.startsWith(ANSWER)) {
                        return Result.of(site, line.substring(ANSWER.length()));
                    }
                }
            } finally {
                p.destroyForcibly();
            }
            p.waitFor();
            return new Result(site, "killed", "hang", "", 0, "no answer after " + limit + " s, or the JVM ended");
        } catch (IOException e) {
            throw new java.io.UncheckedIOException(e);
        }
    }

    private static void end(Process p, long limit) {
        try {
            if (!p.waitFor(limit, TimeUnit.SECONDS)) {
                p.destroyForcibly();
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    public static void main(String[] args) {
        Site site = ModelClasses.sites().stream()
                .filter(s -> s.name().equals(args[0]))
                .findFirst()
                .orElseThrow(() -> new IllegalArgumentException("there is no site " + args[0]));
        Result r = here(
                site, new Budget(Double.parseDouble(args[1]), Boolean.parseBoolean(args[2])), Long.parseLong(args[3]));
        System.out.println(
                ANSWER + String.join("\t", r.status(), r.tool(), r.scenario(), Long.toString(r.schedules()), r.text()));
        System.out.flush();
        Runtime.getRuntime().halt(0);
    }
}
