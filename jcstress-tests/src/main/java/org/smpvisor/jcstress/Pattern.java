package org.smpvisor.jcstress;

import java.util.Locale;

/**
 * What a weak twin has lost, and on which hosts that can be seen. The table is closed: hosts that are neither x86 nor Arm are
 * promised nothing but interleavings.
 */
public enum Pattern {
    /** A store is overtaken by a later load. The store buffers of x86 do that, and Arm. */
    STORE_BUFFERING("a load overtakes a store", Sight.SEEN, Sight.SEEN),
    /** The same with an atomic update instead of the store, which is a full barrier on x86. */
    UPDATE_BUFFERING("a load overtakes an atomic update", Sight.NEVER, Sight.PERHAPS),
    /** Something is done in steps that others come between: any host with two cores. */
    INTERLEAVING("another CPU comes in between", Sight.SEEN, Sight.SEEN),
    /** The same within a few instructions: only where the host happens to stop a thread there. */
    NARROW_WINDOW("another CPU comes in between a few instructions", Sight.PERHAPS, Sight.PERHAPS),
    /** A message is seen before what it tells of: two stores or two loads change places. */
    MESSAGE_PASSING("a message overtakes its payload", Sight.NEVER, Sight.SEEN),
    /** A load is overtaken by a later store: Arm may, few of its implementations do. */
    LOAD_BUFFERING("a store overtakes a load", Sight.NEVER, Sight.PERHAPS),
    /** Two readers see two independent stores in different order; needs four cores. */
    IRIW("two readers disagree", Sight.NEVER, Sight.PERHAPS),
    /** Two loads of one place go back in time: hardware does not, a compiler may that has no reason not to. */
    COHERENCE("a later load sees an older value", Sight.NEVER, Sight.PERHAPS);

    /** Whether a host shows it. */
    public enum Sight {
        /** A run of the twin that does not show it has failed. */
        SEEN,
        /** It may show; that it does not proves nothing. */
        PERHAPS,
        /** It cannot show, unless a compiler makes it. */
        NEVER
    }

    private final String what;
    private final Sight x86;
    private final Sight arm;

    Pattern(String what, Sight x86, Sight arm) {
        this.what = what;
        this.x86 = x86;
        this.arm = arm;
    }

    /** In a few words. */
    public String what() {
        return what;
    }

    /** Whether a host shows it, by the name that Java has for its architecture ({@code os.arch}). */
    public Sight on(String arch) {
        return switch (arch.toLowerCase(Locale.ROOT)) {
            case "amd64", "x86_64", "x86", "i386", "i686" -> x86;
            case "aarch64", "arm64", "arm" -> arm;
            default -> this == INTERLEAVING ? Sight.SEEN : Sight.PERHAPS;
        };
    }
}
