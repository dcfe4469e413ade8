package org.smpvisor.variant;

import org.smpvisor.cell.HwWords;

/**
 * Records on which interrupt the window of a quirk was reached. The model only writes here; the judge of a run reads it at
 * quiescence to tell a known weakness from a new one.
 *
 * <p>A mark is a bit per quirk in a word per (domain, INTID); it is set with an atomic OR only when it is not set yet, so
 * that a mark costs nothing where a window is reached again and again.
 */
public final class Marks {
    private static final int INTIDS = 1024;

    private static final int VCPUS = 128;

    private final HwWords words;
    private final HwWords tainted;
    private final HwWords hits = new HwWords(Quirk.values().length);
    private final int domains;

    /** @param domains number of domains, ids 0..domains-1 */
    public Marks(int domains) {
        this.domains = domains;
        this.words = new HwWords(domains * INTIDS);
        this.tainted = new HwWords(domains * VCPUS);
    }

    /** Notes that {@code quirk}'s window was reached on interrupt {@code virq} of {@code domain}. */
    public void reached(Quirk quirk, int domain, int virq) {
        hits.getAndAdd(quirk.ordinal(), 1);
        int i = domain * INTIDS + virq;
        long bit = 1L << quirk.ordinal();
        if ((words.getOpaque(i) & bit) == 0) {
            words.getAndOr(i, bit);
        }
    }

    /** Whether the window of {@code quirk} was reached on that interrupt since the last {@link #forget}. */
    public boolean isReached(Quirk quirk, int domain, int virq) {
        return (words.getOpaque(domain * INTIDS + virq) & 1L << quirk.ordinal()) != 0;
    }

    /** Notes that lists of a vCPU were touched under another vCPU's lock: whatever is on them may suffer. */
    public void taints(Quirk quirk, int domain, int vcpu) {
        int i = domain * VCPUS + vcpu;
        long bit = 1L << quirk.ordinal();
        if ((tainted.getOpaque(i) & bit) == 0) {
            tainted.getAndOr(i, bit);
        }
    }

    /** Whether lists of the vCPU were touched under another vCPU's lock since the last {@link #forget}. */
    public boolean isTainted(Quirk quirk, int domain, int vcpu) {
        return vcpu >= 0 && (tainted.getOpaque(domain * VCPUS + vcpu) & 1L << quirk.ordinal()) != 0;
    }

    /** How often the window of {@code quirk} was reached on any interrupt. */
    public long hits(Quirk quirk) {
        return hits.getOpaque(quirk.ordinal());
    }

    /** Forgets the marks of all interrupts, not the totals; called between the rounds of a run, at quiescence. */
    public void forget() {
        for (int i = 0; i < domains * INTIDS; i++) {
            words.setOpaque(i, 0);
        }
        for (int i = 0; i < domains * VCPUS; i++) {
            tainted.setOpaque(i, 0);
        }
    }
}
