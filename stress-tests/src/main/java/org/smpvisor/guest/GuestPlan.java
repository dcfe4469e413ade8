package org.smpvisor.guest;

/**
 * What a storm guest does with its time: weights of its actions, relative to each other.
 *
 * @param ring rings the doorbell of one of its devices
 * @param sgi sends an SGI to another vCPU
 * @param selfSgi sends an SGI to itself
 * @param broadcast sends an SGI to all others
 * @param move moves an SPI to another vCPU with three writes, as Linux does
 * @param moveTwice moves it on to a third vCPU before enabling it again
 * @param setPending sets a virtual SPI pending
 * @param moveVirtual moves a virtual SPI
 * @param masked does some trapped reads with its interrupts masked
 * @param sleep waits for an interrupt
 * @param work computes
 * @param pingPong whether SGI 1 is answered with SGI 1 to its partner
 * @param reringPerMille how often a handler rings a doorbell again, of 1000
 * @param virtualTimer sets its virtual timer, which its handler sets again as a rule
 * @param physicalTimer the same with the physical timer
 * @param events whether it is interrupted for events
 * @param off switches itself off, or another vCPU on that is off
 * @param endEvery once in so many times it shuts the domain down instead, 0 for never
 */
public record GuestPlan(
        int ring,
        int sgi,
        int selfSgi,
        int broadcast,
        int move,
        int moveTwice,
        int setPending,
        int moveVirtual,
        int masked,
        int sleep,
        int work,
        boolean pingPong,
        int reringPerMille,
        int virtualTimer,
        int physicalTimer,
        boolean events,
        int off,
        int endEvery) {
    /** A guest whose vCPUs stay on and that uses neither timers nor events. */
    public GuestPlan(
            int ring,
            int sgi,
            int selfSgi,
            int broadcast,
            int move,
            int moveTwice,
            int setPending,
            int moveVirtual,
            int masked,
            int sleep,
            int work,
            boolean pingPong,
            int reringPerMille) {
        this(
                ring,
                sgi,
                selfSgi,
                broadcast,
                move,
                moveTwice,
                setPending,
                moveVirtual,
                masked,
                sleep,
                work,
                pingPong,
                reringPerMille,
                0,
                0,
                false,
                0,
                0);
    }

    /** The same, and its vCPUs go off and on; once in {@code ends} times one shuts the domain down, 0 for never. */
    public GuestPlan withOff(int weight, int ends) {
        return new GuestPlan(
                ring,
                sgi,
                selfSgi,
                broadcast,
                move,
                moveTwice,
                setPending,
                moveVirtual,
                masked,
                sleep,
                work,
                pingPong,
                reringPerMille,
                virtualTimer,
                physicalTimer,
                events,
                weight,
                ends);
    }

    /** The same with timers and events. */
    public GuestPlan with(int virtualTimers, int physicalTimers, boolean withEvents) {
        return new GuestPlan(
                ring,
                sgi,
                selfSgi,
                broadcast,
                move,
                moveTwice,
                setPending,
                moveVirtual,
                masked,
                sleep,
                work,
                pingPong,
                reringPerMille,
                virtualTimers,
                physicalTimers,
                withEvents,
                off,
                endEvery);
    }

    /** A guest that only answers what it is sent. */
    public static GuestPlan echo() {
        return new GuestPlan(0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, false, 0);
    }

    int total() {
        return ring
                + sgi
                + selfSgi
                + broadcast
                + move
                + moveTwice
                + setPending
                + moveVirtual
                + masked
                + sleep
                + work
                + virtualTimer
                + physicalTimer
                + off;
    }

    /** Whether it needs private interrupts besides SGIs. */
    boolean usesPpis() {
        return virtualTimer + physicalTimer > 0 || events;
    }
}
