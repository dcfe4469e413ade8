package org.smpvisor.variant;

/**
 * A weak spot of today's Xen that the model reproduces. Every quirk is on by default ({@code xen}); {@code fixed} selects
 * the corrected rule that stands in {@link #corrected()}.
 */
public enum Quirk {
    H1(
            "a retargeted virtual SPI stays on the old vCPU's lists while everybody uses the new vCPU's lock",
            "an entry's owner is the vCPU whose list it is on; its lock is the one to take, and a virtual SPI migrates like a"
                    + " hardware one"),
    H2(
            "the target of an SPI is read before the target's vGIC lock is taken, and may change in between",
            "after the lock is taken the target is read again; if it changed, drop the lock and start over"),
    H3(
            "an SPI in migration fires on a stale pCPU and is only marked QUEUED; the old vCPU's sync drops the mark",
            "injectors take the owner's lock; cleaning the LR of a migrating, queued SPI injects it into the new target"),
    H5(
            "retargeting a held (disabled, inflight) SPI sets MIGRATING although no list register is involved",
            "MIGRATING is set only for an SPI in a list register; a held one is linked to the new target at once"),
    H6(
            "the descriptor is published to the guest before its controller operations are set",
            "set the operations first, publish afterwards"),
    H7(
            "CPU_ON unlinks what was pending for the vCPU, but leaves status bits and saved list registers; and it does not wait"
                    + " until the vCPU has left its pCPU",
            "CPU_ON clears status bits, list register numbers and saved list registers, ends physical interrupts, and finds a"
                    + " vCPU off only when its context has been saved"),
    H10(
            "the target register is written after the migration was started, so that an early clean-up routes by the old"
                    + " value",
            "the target is written inside the old vCPU's critical section"),
    H11(
            "an assertion recorded while the SPI was in a list register is dropped when the SPI is disabled meanwhile",
            "a recorded assertion of a disabled SPI stays held until it is enabled again"),
    H12(
            "an LR that goes from active+pending to pending keeps the ACTIVE mark, which makes it immune to eviction",
            "the pending branch of the sync clears ACTIVE"),
    H27(
            "enabling an SPI in migration routes it to the new pCPU at once, before the old list register is cleaned",
            "enabling leaves the route alone while MIGRATING is set"),
    H28(
            "later victim walks of one flush start in the middle of the list and may evict a more urgent interrupt (H26: run"
                    + " over its head)",
            "every victim search starts at the tail and takes only a strictly less urgent entry"),
    SV1(
            "enabling a held SPI from another vCPU queues it for its target without a kick: a target that sleeps in WFI is not"
                    + " woken (found by this project)",
            "whoever raises an interrupt for a vCPU that is not the current one kicks it"),
    SV2(
            "enabling an SPI that is in a list register of another vCPU sends no kick: a vCPU that went to sleep while the SPI"
                    + " was disabled sleeps on (found by this project)",
            "whoever enables an interrupt that is in flight on another vCPU kicks it"),
    SV3(
            "a trap opens interrupts while the underflow interrupt may still be armed; what it wants is done only after that"
                    + " (found by this project)",
            "the underflow interrupt is disarmed before a trap opens interrupts"),
    SV4(
            "a second instance that is recorded after the list registers were synced waits for the next exit, if its kick is"
                    + " taken before the guest is entered (found by this project)",
            "before the guest is entered, list registers are synced again whose interrupt has an assertion recorded"),
    SV5(
            "a vCPU that has moved runs again while the callback of one of its timers still runs on the pCPU that it left: the"
                    + " callback masks what the guest has armed since, or interrupts it twice (found by this project)",
            "before a vCPU runs again, callbacks of its timers that run on the pCPU that it left are waited for"),
    C1(
            "arch_move_irqs takes the host GIC lock with interrupts enabled (C1, C2)",
            "the host GIC lock is always taken with interrupts disabled");

    private final String weakness;
    private final String corrected;

    Quirk(String weakness, String corrected) {
        this.weakness = weakness;
        this.corrected = corrected;
    }

    /** What Xen does, in one sentence. */
    public String weakness() {
        return weakness;
    }

    /** The rule that {@code fixed} selects. */
    public String corrected() {
        return corrected;
    }
}
