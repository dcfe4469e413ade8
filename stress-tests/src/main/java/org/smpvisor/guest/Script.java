package org.smpvisor.guest;

import static org.smpvisor.abi.GicAbi.*;

import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import org.smpvisor.abi.SysReg;
import org.smpvisor.abi.TimerAbi;

/** What a vCPU of a small scenario does, once: a list of instructions, after which it sleeps and answers interrupts. */
public final class Script {
    /** Kinds of instruction. */
    enum Kind {
        STORE32,
        ROUTE,
        READ32,
        SGI,
        SGI_TO_OTHERS,
        DEVICE,
        SYSREG,
        WFI,
        WFE,
        OFF,
        ON,
        OFF_SYSTEM,
        FAILING_STORE,
        SET_WAY,
        MASK,
        UNMASK,
        TAKE,
        END
    }

    /**
     * One instruction; of a route or an SGI the address is the INTID and the value the vCPU, of a system register the address is its
     * place among them.
     */
    record Instruction(Kind kind, long address, long value) {}

    private final List<Instruction> instructions = new ArrayList<>();
    private boolean turnsRound;
    private boolean startsMasked;

    /** Clears the enable bit of an SPI. */
    public Script disable(int spi) {
        return add(Kind.STORE32, GUEST_GICD_BASE + GICD_ICENABLER + spi / 32 * 4, 1L << spi % 32);
    }

    /** Sets the enable bit of an SPI. */
    public Script enable(int spi) {
        return add(Kind.STORE32, GUEST_GICD_BASE + GICD_ISENABLER + spi / 32 * 4, 1L << spi % 32);
    }

    /** Writes the route of an SPI. */
    public Script route(int spi, int vcpu) {
        return add(Kind.ROUTE, spi, vcpu);
    }

    /** Moves an SPI as Linux does: disable, route, enable. */
    public Script move(int spi, int vcpu) {
        return disable(spi).route(spi, vcpu).enable(spi);
    }

    /** Sets an SPI pending. */
    public Script pend(int spi) {
        return add(Kind.STORE32, GUEST_GICD_BASE + GICD_ISPENDR + spi / 32 * 4, 1L << spi % 32);
    }

    /** Sets the enable bits of 32 SPIs, from {@code first} on, which is a multiple of 32. */
    public Script enableAll(int first) {
        return add(Kind.STORE32, GUEST_GICD_BASE + GICD_ISENABLER + first / 32 * 4, 0xffffffffL);
    }

    /** Sets 32 SPIs pending at once. */
    public Script pendAll(int first) {
        return add(Kind.STORE32, GUEST_GICD_BASE + GICD_ISPENDR + first / 32 * 4, 0xffffffffL);
    }

    /** Clears what is pending of an SPI. */
    public Script clear(int spi) {
        return add(Kind.STORE32, GUEST_GICD_BASE + GICD_ICPENDR + spi / 32 * 4, 1L << spi % 32);
    }

    /** Writes the priority word of four SPIs. */
    public Script priority(int spi, int priority) {
        return add(Kind.STORE32, GUEST_GICD_BASE + GICD_IPRIORITYR + spi / 4 * 4, priority * 0x01010101L & 0xffffffffL);
    }

    /** Reads a register of the distributor: a trap that changes nothing. */
    public Script trap() {
        return add(Kind.READ32, GUEST_GICD_BASE + GICD_TYPER, 0);
    }

    /** Reads a word of a frame, and does nothing with it. */
    public Script read(long address) {
        return add(Kind.READ32, address, 0);
    }

    /** Writes a word of a frame. */
    public Script store(long address, long value) {
        return add(Kind.STORE32, address, value);
    }

    /** Sends an SGI to one vCPU. */
    public Script sgi(int sgi, int vcpu) {
        return add(Kind.SGI, sgi, vcpu);
    }

    /** Sends an SGI to all other vCPUs. */
    public Script sgiToOthers(int sgi) {
        return add(Kind.SGI_TO_OTHERS, sgi, 0);
    }

    /** Makes the device behind an SPI raise its line. */
    public Script ring(int spi) {
        return add(Kind.DEVICE, spi, 1);
    }

    /** Sets its virtual timer, which expires after so many ticks. */
    public Script virtualTimer(int ticks) {
        return write(SysReg.CNTV_TVAL_EL0, ticks).write(SysReg.CNTV_CTL_EL0, TimerAbi.CTL_ENABLE);
    }

    /** Sets its physical timer, which expires after so many ticks. */
    public Script physicalTimer(int ticks) {
        return write(SysReg.CNTP_TVAL_EL0, ticks).write(SysReg.CNTP_CTL_EL0, TimerAbi.CTL_ENABLE);
    }

    private Script write(SysReg reg, long value) {
        return add(Kind.SYSREG, reg.ordinal(), value);
    }

    public Script sleep() {
        return add(Kind.WFI, 0, 0);
    }

    /** Lets others go first. */
    public Script yield() {
        return add(Kind.WFE, 0, 0);
    }

    /** Cleans a cache line by set and way: Xen has work to do for the vCPU on the way out. */
    public Script cleanCache() {
        return add(Kind.SET_WAY, 0, 0);
    }

    /** A store that fails, of which an SError tells {@code steps} steps later. */
    public Script failingStore(int steps) {
        return add(Kind.FAILING_STORE, steps, 0);
    }

    /** Switches itself off; when it is switched on again it goes on with what follows. */
    public Script off() {
        return add(Kind.OFF, 0, 0);
    }

    /** Switches a vCPU on, trying until that is possible. */
    public Script on(int vcpu) {
        return add(Kind.ON, vcpu, 0);
    }

    /** Shuts the domain down. */
    public Script powerOff() {
        return add(Kind.OFF_SYSTEM, 0, 0);
    }

    public Script mask() {
        return add(Kind.MASK, 0, 0);
    }

    public Script unmask() {
        return add(Kind.UNMASK, 0, 0);
    }

    /** Its vCPU stands ready with interrupts masked, so that nothing is handled before it is asked for. */
    public Script startMasked() {
        startsMasked = true;
        return this;
    }

    boolean startsMasked() {
        return startsMasked;
    }

    /** With interrupts masked: acknowledges what is pending, after sleeping for it if there is nothing, and does not end it. */
    public Script take() {
        return add(Kind.TAKE, 0, 0);
    }

    /** Ends what {@link #take} acknowledged. */
    public Script end(int intid) {
        return add(Kind.END, intid, 0);
    }

    /** Stores a word to the distributor. */
    public Script store(int offset, long value) {
        return add(Kind.STORE32, GUEST_GICD_BASE + offset, value);
    }

    /** Reads a word of the distributor. */
    public Script load(int offset) {
        return add(Kind.READ32, GUEST_GICD_BASE + offset, 0);
    }

    /** An access to the devices of the domain, whatever they make of it; no trap. */
    public Script device(int register, int value) {
        return add(Kind.DEVICE, register, value);
    }

    /** What {@code more} does, {@code times} times. */
    public Script repeat(int times, Consumer<Script> more) {
        for (int i = 0; i < times; i++) {
            more.accept(this);
        }
        return this;
    }

    private Script add(Kind kind, long address, long value) {
        instructions.add(new Instruction(kind, address, value));
        return this;
    }

    /** At the end it does not sleep but turns round inside the guest, where only an interrupt reaches it. */
    public Script turnRound() {
        turnsRound = true;
        return this;
    }

    boolean turnsRound() {
        return turnsRound;
    }

    Instruction[] instructions() {
        return instructions.toArray(Instruction[]::new);
    }
}
