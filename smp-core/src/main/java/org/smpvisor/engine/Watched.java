package org.smpvisor.engine;

/** Something shared of which a controlled run keeps who has touched it. Natively nothing is kept. */
public abstract class Watched {
    /** Made when it is first touched in a run that looks for races. */
    History history;
}
