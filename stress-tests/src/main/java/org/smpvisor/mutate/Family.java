package org.smpvisor.mutate;

import java.util.Arrays;
import java.util.EnumSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/** Kinds of small defects that are made at one site of the model each, with the sites found in its byte code. */
public enum Family {
    DROP_LOCK("drop-lock", "a lock is not taken, and its unlocks do nothing"),
    PLAIN_LOCK("plain-lock", "a lock is taken with interrupts left open"),
    FORCING_UNLOCK("forcing-unlock", "an unlock opens interrupts, whatever they were before"),
    KEEP_LOCK("keep-lock", "an unlock is left out"),
    RELOCK("relock", "a helper takes the lock that its caller holds"),
    SKIP_KICK("skip-kick", "a kick, wake-up, softirq or SGI is left out"),
    PLAIN_RMW("plain-rmw", "an atomic read-modify-write becomes a load and a store"),
    NO_RECHECK("no-recheck", "a check in a loop around a lock is left out: once is enough"),
    WRONG_VCPU("wrong-vcpu", "the vCPU that runs here is used instead of the one meant"),
    DROP_BARRIER("drop-barrier", "a memory barrier is left out"),
    SWAP_ACQUIRE("swap-acquire", "a lock is taken before the one that is held, which is let go for that"),
    CHECK_OUTSIDE("check-outside", "what is looked at under a lock is looked at before the lock is taken"),
    CHECK_BEFORE_FLAG("check-before-flag", "what is looked at once a flag is set is looked at before that"),
    PUBLISH_EARLY("publish-early", "a release, list insertion or kick comes before the store in front of it"),
    STALE_IDENTITY("stale-identity", "a test of whose something is, or whether it is in use, is left out");

    private static final Set<Family> REWRITTEN =
            EnumSet.of(CHECK_OUTSIDE, CHECK_BEFORE_FLAG, PUBLISH_EARLY, STALE_IDENTITY);

    private final String label;
    private final String what;

    Family(String label, String what) {
        this.label = label;
        this.what = what;
    }

    /** Name on the command line and in front of a site. */
    public String label() {
        return label;
    }

    /** One line for people. */
    public String what() {
        return what;
    }

    /** Whether the method has to be understood first, since code is moved or a side of a test is chosen. */
    boolean isRewritten() {
        return REWRITTEN.contains(this);
    }

    /** The family of that name. */
    public static Optional<Family> named(String label) {
        return Arrays.stream(values()).filter(f -> f.label.equals(label)).findFirst();
    }

    /** All names, in order. */
    public static List<String> labels() {
        return Arrays.stream(values()).map(Family::label).toList();
    }
}
