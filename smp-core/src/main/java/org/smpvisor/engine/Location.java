package org.smpvisor.engine;

import org.smpvisor.cell.Guard;

/** A piece of memory: one or more words that are each loaded and stored at one stroke. */
public abstract class Location extends Watched {
    /** What a store does to a word. */
    public enum Op {
        /** Sets it. */
        SET,
        /** Sets bits, atomically with what is in memory then. */
        OR,
        /** Leaves only these bits, atomically with what is in memory then. */
        AND,
        /** Sets a reference if another one is there. */
        REPLACE
    }

    /** What must be held to touch it, {@code null} for state that needs nothing. */
    protected abstract Guard guard();

    /** Of how many parts it consists that are accessed one by one, so that accesses to different ones do not race. */
    protected int parts() {
        return 1;
    }

    /** Whether it may be read without its guard while somebody who holds that writes. */
    protected boolean isOpenToReaders() {
        return false;
    }

    /**
     * A store that was held back reaches the memory.
     *
     * @param word which of its words
     * @param number operand, for words that are numbers
     * @param ref operand, for words that are references
     * @param expected for {@link Op#REPLACE}
     */
    protected abstract void reach(Op op, int word, int number, Object ref, Object expected);
}
