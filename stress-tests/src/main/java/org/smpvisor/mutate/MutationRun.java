package org.smpvisor.mutate;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.function.Consumer;
import java.util.function.Predicate;

/** Examines many mutants, some at a time, each in a JVM of its own. */
public final class MutationRun {
    private final Trial.Budget budget;
    private final long seed;
    private final int threads;
    private final Consumer<Trial.Result> listener;

    /**
     * @param budget of each mutant
     * @param listener told of each result, from several threads, one at a time
     */
    public MutationRun(Trial.Budget budget, long seed, int threads, Consumer<Trial.Result> listener) {
        this.budget = budget;
        this.seed = seed;
        this.threads = threads;
        this.listener = listener;
    }

    /** All sites of the model that {@code wanted} takes. */
    public static List<Site> sites(Predicate<Site> wanted) {
        return ModelClasses.sites().stream().filter(wanted).toList();
    }

    /** Examines them; the results come in the order of the sites. */
    public List<Trial.Result> run(List<Site> sites) throws InterruptedException {
        ExecutorService pool = Executors.newFixedThreadPool(threads, r -> {
            Thread t = new Thread(r, "mutant");
            t.setDaemon(true);
            return t;
        });
        try {
            List<Future<Trial.Result>> all = new ArrayList<>();
            for (Site s : sites) {
                all.add(pool.submit(() -> {
                    Trial.Result r = Trial.apart(s, budget, seed);
                    synchronized (this) {
                        listener.accept(r);
                    }
                    return r;
                }));
            }
            List<Trial.Result> out = new ArrayList<>();
            for (Future<Trial.Result> f : all) {
                out.add(f.get());
            }
            out.sort(Comparator.comparingInt(r -> sites.indexOf(r.site())));
            return out;
        } catch (ExecutionException e) {
            throw new IllegalStateException("a mutant could not be examined: " + e.getCause(), e.getCause());
        } finally {
            pool.shutdownNow();
        }
    }
}
