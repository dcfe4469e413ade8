package org.smpvisor.engine;

/** Something shared of which a controlled run keeps who has touched it. Natively nothing is kept. */
public abstract class Watched {
    /** Made when it is first touched in a run that looks for races. */
    History history;

    /** Whether it has been written since {@link Memory#forgetWrites}. */
    boolean written;

    /** What {@link Footprints} know it by; 0 before it is first touched in a run that keeps them. */
    int number;

    private int place = -1;

    /** A number for whoever keeps its state elsewhere; -1 for none. */
    public final int place() {
        return place;
    }

    public final void setPlace(int n) {
        place = n;
    }
}
