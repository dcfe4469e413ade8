package org.smpvisor.engine;

/**
 * Two accesses to the same thing, one of them a store, with nothing that orders them although one of them is a guarded one.
 *
 * @param on path of what was touched
 * @param earlier the one that came first in this schedule; in another it may come second
 * @param later the other
 */
public record Race(String on, Access earlier, Access later) {
    /**
     * @param pcpu who
     * @param step number of its step in the schedule
     * @param what for example {@code writes}
     * @param locks what the pCPU held, outermost first
     * @param where the method, if it is known
     */
    public record Access(int pcpu, int step, String what, String locks, String where) {
        @Override
        public String toString() {
            return "cpu" + pcpu + " " + what + " it at step " + step + " holding " + locks
                    + (where.isEmpty() ? "" : " in " + where);
        }

        /** The same without what differs from schedule to schedule. */
        String site() {
            return what + " " + locks.replaceAll("[0-9]+", "#") + " " + where;
        }
    }

    @Override
    public String toString() {
        return on + ": " + earlier + "; " + later + "; nothing orders them";
    }

    /** The same for the same thing and the same pair of sites, in whatever order they came. */
    String signature() {
        String a = earlier.what + " " + earlier.locks;
        String b = later.what + " " + later.locks;
        return on + " " + (a.compareTo(b) < 0 ? a + " " + b : b + " " + a);
    }
}
