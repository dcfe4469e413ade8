package org.smpvisor.variant;

import org.smpvisor.cell.HwWords;
import org.smpvisor.cell.Tally;
import org.smpvisor.cpu.Pcpu;

/**
 * Records on which interrupt the window of a quirk was reached. The model only writes here; the judge of a run reads it at
 * quiescence to tell a known weakness from a new one.
 *
 * <p>A mark is a bit per quirk in a word per interrupt, where a private interrupt of each vCPU counts as one of its own; it is
 * set with an atomic OR only when it is not set yet, and how often a window is reached each pCPU counts for itself, so that
 * a mark costs no shared write where a window is reached again and again.
 */
public final class Marks {
    private static final int INTIDS = 1024;
    private static final int VCPUS = 128;
    private static final int PRIVATE = 32;
    private static final int PCPUS = 128;
    private static final int PER_DOMAIN = VCPUS * PRIVATE + INTIDS;

    private final HwWords words;
    private final HwWords inside = HwWords.padded(PCPUS);
    private final Tally[] hits = new Tally[PCPUS];
    private final Tally[] bugHits = new Tally[PCPUS];

    /** @param domains number of domains, ids 0..domains-1 */
    public Marks(int domains) {
        this.words = new HwWords(domains * PER_DOMAIN);
        for (int i = 0; i < PCPUS; i++) {
            hits[i] = new Tally(Quirk.values().length);
            bugHits[i] = new Tally(Bug.values().length);
        }
    }

    private static int index(int domain, int vcpu, int virq) {
        return domain * PER_DOMAIN + (virq < PRIVATE ? vcpu * PRIVATE : VCPUS * PRIVATE) + virq;
    }

    /** The bit of a quirk in {@link #of}. */
    public static long bit(Quirk quirk) {
        return 1L << quirk.ordinal();
    }

    /**
     * Notes that {@code quirk}'s window was reached on interrupt {@code virq} of {@code domain}.
     *
     * @param vcpu vCPU of a private interrupt, anything for an SPI
     */
    public void reached(Pcpu cpu, Quirk quirk, int domain, int vcpu, int virq) {
        hits[cpu.id()].add(quirk.ordinal(), 1);
        affect(domain, vcpu, virq, bit(quirk));
    }

    /** Notes that the window of a quirk was reached that concerns no domain's interrupt. */
    public void reached(Pcpu cpu, Quirk quirk) {
        hits[cpu.id()].add(quirk.ordinal(), 1);
    }

    /**
     * Notes that an interrupt may suffer from windows that were reached on another one, to which it was linked at that moment.
     *
     * @param bits of the quirks, see {@link #bit}
     * @return whether that was news
     */
    public boolean affect(int domain, int vcpu, int virq, long bits) {
        int i = index(domain, vcpu, virq);
        if ((words.getOpaque(i) & bits) == bits) {
            return false;
        }
        words.getAndOr(i, bits);
        return true;
    }

    /** The quirks whose windows were reached on that interrupt, or from which it may suffer, since the last {@link #forget}. */
    public long of(int domain, int vcpu, int virq) {
        return words.getOpaque(index(domain, vcpu, virq));
    }

    /** Whether {@code quirk} is among them, for an SPI. */
    public boolean isReached(Quirk quirk, int domain, int virq) {
        return isReached(quirk, domain, 0, virq);
    }

    /** Whether {@code quirk} is among them. */
    public boolean isReached(Quirk quirk, int domain, int vcpu, int virq) {
        return (of(domain, vcpu, virq) & bit(quirk)) != 0;
    }

    /** Whether {@code quirk} is among those of any SPI of a domain. */
    public boolean isReachedBySpi(Quirk quirk, int domain) {
        for (int spi = PRIVATE; spi < INTIDS; spi++) {
            if (isReached(quirk, domain, spi)) {
                return true;
            }
        }
        return false;
    }

    /** The pCPU is about to be in {@code quirk}'s window, until {@link #leave}; windows of one quirk do not nest. */
    public void enter(Pcpu cpu, Quirk quirk) {
        hits[cpu.id()].add(quirk.ordinal(), 1);
        inside.setOpaque(cpu.id(), inside.getOpaque(cpu.id()) | bit(quirk));
    }

    /** The window is behind it. */
    public void leave(Pcpu cpu, Quirk quirk) {
        inside.setOpaque(cpu.id(), inside.getOpaque(cpu.id()) & ~bit(quirk));
    }

    /** Whether a pCPU is in {@code quirk}'s window now, interrupted there or not. */
    public boolean isInside(Quirk quirk, int pcpu) {
        return (inside.getOpaque(pcpu) & bit(quirk)) != 0;
    }

    /** How often the window of {@code quirk} was reached on any interrupt. */
    public long hits(Quirk quirk) {
        long n = 0;
        for (Tally t : hits) {
            n += t.get(quirk.ordinal());
        }
        return n;
    }

    /** Notes that the window of a historical bug was reached. */
    public void reached(Pcpu cpu, Bug bug) {
        bugHits[cpu.id()].add(bug.ordinal(), 1);
    }

    /** How often the window of {@code bug} was reached. */
    public long hits(Bug bug) {
        long n = 0;
        for (Tally t : bugHits) {
            n += t.get(bug.ordinal());
        }
        return n;
    }

    /** Forgets the marks of all interrupts, not the totals; called between the rounds of a run, at quiescence. */
    public void forget() {
        for (int i = 0; i < words.length(); i++) {
            words.setOpaque(i, 0);
        }
    }
}
