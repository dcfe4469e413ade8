package org.smpvisor.lock;

/** How interrupts stood on the pCPU when it took a lock. Constants are indexed by {@code masked | hard << 1}. */
public enum LockContext {
    OPEN("interrupts open"),
    MASKED("interrupts masked"),
    HARD_OPEN("in a hard interrupt that has opened them"),
    HARD("in a hard interrupt");

    private static final LockContext[] ALL = values();

    private final String text;

    LockContext(String text) {
        this.text = text;
    }

    /** In words, for reports. */
    public String text() {
        return text;
    }

    /** Whether this is inside of a hard interrupt. */
    public boolean isHard() {
        return this == HARD || this == HARD_OPEN;
    }

    /** Whether an interrupt can be taken here. */
    public boolean isOpen() {
        return this == OPEN || this == HARD_OPEN;
    }

    /** @param index bit 0 set for masked, bit 1 for a hard interrupt */
    static LockContext of(int index) {
        return ALL[index];
    }
}
