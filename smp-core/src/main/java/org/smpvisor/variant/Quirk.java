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
            "set the operations first, publish afterwards; and a route that comes late for an SPI that was given back does nothing"),
    H7(
            "CPU_ON unlinks what was pending for the vCPU, but leaves status bits and saved list registers; and it does not wait"
                    + " until the vCPU has left its pCPU",
            "CPU_ON clears status bits, list register numbers and saved list registers, ends physical interrupts, and finds a"
                    + " vCPU off only when its context has been saved"),
    H8(
            "disabling an interrupt does not take it out of a list register: the guest may still be interrupted by it",
            "a list register that is not acknowledged yet is withdrawn at its vCPU's next sync, for which the vCPU is kicked"),
    H9(
            "an SPI for a vCPU that is down is dropped after Xen has acknowledged it: it stays active in the GIC",
            "it is queued for the vCPU, and dealt with when that comes up"),
    H10(
            "an SPI is routed by what was read without a lock: by the old target if a migration ends before the register is"
                    + " written, to the pCPU that its target has just left, or after a vCPU that is no longer its target",
            "the target is written inside the old vCPU's critical section; once a route is written target and pCPU are read"
                    + " again, and it is written again while they have changed"),
    H11(
            "an assertion recorded while the SPI was in a list register is dropped when the SPI is disabled meanwhile",
            "a recorded assertion of a disabled SPI stays held until it is enabled again"),
    H12(
            "an LR that goes from active+pending to pending keeps the ACTIVE mark, which makes it immune to eviction",
            "the pending branch of the sync clears ACTIVE"),
    H14(
            "a GICv2 guest finds CPU 0 as the sender of every SGI, and SGIs of several senders coalesce into one",
            "each sender's SGI is an interrupt of its own, and its list register says who sent it"),
    H15(
            "priorities of 5 bits are compared with a priority mask of 8 bits: what is masked counts as deliverable",
            "both are compared with 8 bits"),
    H16(
            "GICD_CTLR is never consulted: interrupts are delivered while the distributor is off",
            "while the distributor is off nothing is forwarded, and list registers are withdrawn"),
    H17(
            "the words for INTIDs 0 to 31 in the frame of a virtual GICv3's distributor reach the private interrupts of the vCPU"
                    + " that accesses them",
            "they are reserved: read as zero, ignore writes"),
    H19(
            "the host's end of an SGI on a GICv2 names its INTID without its sender",
            "what was read from GICC_IAR is written to GICC_EOIR and GICC_DIR"),
    H20(
            "an interrupt that is disabled kicks its vCPU, too: WFI ends without anything to deliver",
            "only an enabled interrupt kicks"),
    H25(
            "cleaning a list register clears the descriptor's INPROGRESS without its lock, also if the SPI has fired again",
            "INPROGRESS changes under the vGIC lock of the owner, and stays while another assertion is recorded"),
    H26(
            "a later victim walk of one flush ends at the last victim and not at the list's head, which it reads as an interrupt",
            "every walk ends at the head"),
    H27(
            "enabling an SPI in migration routes it to the new pCPU at once, before the old list register is cleaned",
            "enabling leaves the route alone while MIGRATING is set"),
    H28(
            "later victim walks of one flush start in the middle of the list and may evict a more urgent interrupt",
            "every victim search starts at the tail and takes only a strictly less urgent entry"),
    U3(
            "a level-triggered interrupt is treated as an edge: lowering its line takes nothing back, and a line that stays high"
                    + " asserts once",
            "of an SPI without hardware behind it the line is kept: its fall takes back what is not acknowledged, and a line that"
                    + " is high at the end asserts again (of one with hardware the GIC itself looks at the line at the end)"),
    U5(
            "a route that names no vCPU is ignored, and the register keeps the old one",
            "the register takes the value, and the SPI is held until it is routed to a vCPU"),
    U6(
            "of several possible targets vCPU 0, or the lowest, is taken, whether it is up or not",
            "the lowest that is up is taken"),
    U7(
            "ISPENDR of an SPI with hardware behind it sets the physical line pending, which costs a round trip through Xen",
            "none: the physical bit is what keeps pulse and software request apart; only time is lost"),
    U8(
            "ISPENDR, ICPENDR, ISACTIVER and ICACTIVER read as zero",
            "they tell what the vGIC knows: pending and active as the owner's last sync left them"),
    U9("a write to ISACTIVER aborts (on a GICv2 if a bit is set)", "it is ignored: what is active is so already"),
    U10(
            "ICPENDR clears nothing: Xen warns if the interrupt is in flight",
            "what is not acknowledged is taken back, out of a list register at its vCPU's next sync"),
    U11(
            "ICACTIVER is ignored: the list register stays active",
            "the list register is deactivated at its vCPU's next sync, and the physical SPI with it"),
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
