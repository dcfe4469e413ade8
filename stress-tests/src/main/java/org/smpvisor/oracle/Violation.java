package org.smpvisor.oracle;

import java.util.List;

/**
 * Something that must not happen and did.
 *
 * @param kind what
 * @param domain domain id, 0 when it concerns no domain
 * @param intid virtual INTID, -1 when it concerns no interrupt
 * @param vcpu vCPU concerned, -1 for none
 * @param text one sentence
 * @param history events of the interrupt, oldest first, for reading
 */
public record Violation(Kind kind, int domain, int intid, int vcpu, String text, List<String> history) {
    /** Kinds of violation. */
    public enum Kind {
        /** A raise was never acknowledged. */
        LOST,
        /** An acknowledge without a raise, or a second one of the same raise. */
        DUPLICATED,
        /** Delivered to a vCPU that was not the target since the raise. */
        WRONG_TARGET,
        /** At rest, an enabled interrupt is left behind on a vCPU that sleeps. */
        LEFT_BEHIND,
        /** At rest, list registers, lists, status bits and physical state disagree. */
        INCONSISTENT,
        /** A domain has been destroyed, and an interrupt that it had is still active in the GIC: it never fires again. */
        LEFT_ACTIVE,
        /** Xen's own code ran into corrupt state of its own. */
        CORRUPTED,
        /** pCPUs wait for each other in a circle. */
        DEADLOCK,
        /** The machine does not come to rest. */
        LIVELOCK,
        /** A guest took an exception that it has no handler for. */
        GUEST_DIED,
        /** Model code broke a rule of its own. */
        MODEL_BUG,
        /** The lock validator reported a broken rule. */
        LOCKING,
        /** Guarded state is touched by two pCPUs with nothing that orders them. */
        RACE
    }

    public Violation {
        history = List.copyOf(history);
    }

    /** The same with a history. */
    public Violation withHistory(List<String> events) {
        return new Violation(kind, domain, intid, vcpu, text, events);
    }
}
