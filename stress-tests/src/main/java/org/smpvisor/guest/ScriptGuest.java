package org.smpvisor.guest;

import static org.smpvisor.abi.GicAbi.*;

import org.smpvisor.abi.GicAbi;
import org.smpvisor.abi.GuestCpu;
import org.smpvisor.abi.GuestProgram;
import org.smpvisor.abi.PsciAbi;
import org.smpvisor.abi.SysReg;
import org.smpvisor.abi.TimerAbi;

/**
 * A vCPU of a small scenario: sets up its GIC, turns round at a ready mark until it is let go, runs its script, and sleeps.
 * What it is interrupted by it acknowledges and ends.
 */
public final class ScriptGuest extends GuestProgram {
    private static final int BOOT = 0;
    private static final int BOOT_GROUP = 1;
    private static final int BOOT_CONTROL = 2;
    private static final int BOOT_SGI_ENABLE = 3;
    private static final int BOOT_DISTRIBUTOR = 4;
    private static final int BOOT_PRIORITY = 5;
    private static final int BOOT_ENABLE = 6;
    private static final int BOOT_UNMASK = 7;
    private static final int READY = 20;
    private static final int SCRIPT = 21;
    private static final int ASLEEP = 22;
    private static final int SWITCHED_ON = 23;
    private static final int RESTARTED = 24;
    private static final int TAKE = 25;
    private static final int TAKEN = 26;
    private static final int ACKED = VECTOR_IRQ + 1;
    private static final int ENDED = VECTOR_IRQ + 2;
    private static final int END = VECTOR_IRQ + 3;
    private static final int TIMER_STATUS = VECTOR_IRQ + 4;
    private static final int UPCALL_SCAN = VECTOR_IRQ + 5;
    private static final int UPCALL_AGAIN = VECTOR_IRQ + 6;

    private static final SysReg[] REGISTERS = SysReg.values();

    private static final int INDEX = 0;
    private static final int INTID = 1;
    private static final int AT = 2;

    private final GuestGic gic;
    private final Script.Instruction[] script;
    private final int[] lines;
    private final int[] priorities;
    private final boolean sleepsFirst;
    private final boolean turnsRound;
    private final long locals;
    private final boolean startsMasked;

    private volatile boolean released;

    /**
     * @param gic the driver of the machine's GIC
     * @param script what it does when it is let go
     * @param lines SPIs that vCPU 0 sets up and enables, all routed to vCPU 0
     * @param priorities of those SPIs
     * @param sleepsFirst whether it is asleep, and not ready to run, when it is let go
     * @param usesPpis whether it has timers and is told of events
     */
    public ScriptGuest(
            GuestGic gic, Script script, int[] lines, int[] priorities, boolean sleepsFirst, boolean usesPpis) {
        this.locals = usesPpis ? GuestGic.SGIS | GuestGic.PPIS : GuestGic.SGIS;
        this.gic = gic;
        this.script = script.instructions();
        this.lines = lines.clone();
        this.priorities = priorities.clone();
        this.sleepsFirst = sleepsFirst;
        this.turnsRound = script.turnsRound();
        this.startsMasked = script.startsMasked();
    }

    /** Whether a vCPU that runs this program has reached the ready mark. */
    public static boolean isReady(GuestCpu c) {
        return c.pc == READY;
    }

    /** Whether a vCPU that runs this program has come to the last instruction of its script, and is not in a handler. */
    public boolean isDone(GuestCpu c) {
        return c.r[AT] == script.length && (c.pc == SCRIPT || c.pc == ASLEEP);
    }

    /** Whether it is asleep at the ready mark. */
    public boolean sleepsFirst() {
        return sleepsFirst;
    }

    /** Lets it go; while nobody drives the machine. */
    public void release() {
        released = true;
    }

    @Override
    public boolean handlesSerror() {
        return true;
    }

    @Override
    public void step(GuestCpu c) {
        switch (c.pc) {
            case READY -> {
                if (released) {
                    c.branch().then(SCRIPT);
                } else if (sleepsFirst) {
                    c.wfi().then(READY);
                } else {
                    c.branch().then(READY);
                }
            }
            case SCRIPT -> next(c);
            case VECTOR_SERROR -> c.eret();
            case TAKE -> gic.acknowledge(c).then(TAKEN);
            case TAKEN -> {
                if (c.x0 == SPURIOUS) {
                    c.wfi().then(TAKE);
                } else {
                    c.branch().then(SCRIPT);
                }
            }
            case ASLEEP -> rest(c);
            case SWITCHED_ON -> {
                if (c.x0 == PsciAbi.ALREADY_ON) {
                    c.r[AT]--; // it has yet to switch itself off
                }
                c.branch().then(SCRIPT);
            }
            case RESTARTED -> c.unmask().then(SCRIPT);
            case VECTOR_IRQ -> gic.acknowledge(c).then(ACKED);
            case ACKED -> {
                c.r[INTID] = c.x0;
                if (c.x0 == SPURIOUS) {
                    c.eret();
                } else if (GuestTimer.of(c.x0) != null) {
                    GuestTimer.of(c.x0).readControl(c).then(TIMER_STATUS);
                } else if (c.x0 == TimerAbi.EVTCHN_PPI) {
                    c.clearUpcall().then(UPCALL_SCAN);
                } else {
                    gic.end(c, c.x0).then(ENDED);
                }
            }
            case TIMER_STATUS -> {
                if (GuestTimer.hasExpired(c.x0)) {
                    GuestTimer.of(c.r[INTID]).quiet(c).then(END);
                } else {
                    gic.end(c, c.r[INTID]).then(ENDED);
                }
            }
            case UPCALL_SCAN -> c.readUpcall().then(UPCALL_AGAIN);
            case UPCALL_AGAIN -> {
                if (c.x0 != 0) {
                    c.clearUpcall().then(UPCALL_SCAN);
                } else {
                    gic.end(c, c.r[INTID]).then(ENDED);
                }
            }
            case END -> gic.end(c, c.r[INTID]).then(ENDED);
            case ENDED -> c.eret();
            default -> boot(c);
        }
    }

    private void rest(GuestCpu c) {
        (turnsRound ? c.poll() : c.wfi()).then(ASLEEP);
    }

    private void next(GuestCpu c) {
        int at = (int) c.r[AT];
        if (at == script.length) {
            rest(c);
            return;
        }
        c.r[AT]++;
        Script.Instruction i = script[at];
        if (i.kind() == Script.Kind.TAKE) {
            gic.acknowledge(c).then(TAKEN);
            return;
        }
        GuestCpu described = switch (i.kind()) {
            case STORE32 -> c.write32(i.address(), i.value());
            case ROUTE -> gic.route(c, i.address(), (int) i.value());
            case READ32 -> c.read32(i.address());
            case SGI -> gic.send(c, (int) i.address(), (int) i.value());
            case SGI_TO_OTHERS -> gic.sendToOthers(c, (int) i.address());
            case DEVICE -> c.device(i.address(), i.value());
            case SYSREG -> c.writeSysreg(REGISTERS[(int) i.address()], i.value());
            case WFI -> c.wfi();
            case WFE -> c.wfe();
            case SET_WAY -> c.cleanBySetAndWay();
            case FAILING_STORE -> c.failingStore((int) i.address());
            case OFF -> c.hvc(PsciAbi.CPU_OFF, 0, 0, 0);
            case ON -> c.hvc(PsciAbi.CPU_ON, GicAbi.vcpuAffinity((int) i.address()), RESTARTED, 0);
            case OFF_SYSTEM -> c.hvc(PsciAbi.SYSTEM_OFF, 0, 0, 0);
            case MASK -> c.mask();
            case UNMASK -> c.unmask();
            case END -> gic.end(c, i.address());
            case TAKE -> throw new IllegalStateException("it takes more than one step");
        };
        described.then(i.kind() == Script.Kind.ON ? SWITCHED_ON : SCRIPT);
    }

    private void boot(GuestCpu c) {
        int i = (int) c.r[INDEX];
        switch (c.pc) {
            case BOOT -> gic.openPriorities(c).then(BOOT_GROUP);
            case BOOT_GROUP -> gic.enableInterface(c).then(BOOT_CONTROL);
            case BOOT_CONTROL -> gic.endsDeactivate(c).then(BOOT_SGI_ENABLE);
            case BOOT_SGI_ENABLE -> gic.enableLocals(c, locals).then(c.vcpuId() == 0 ? BOOT_DISTRIBUTOR : BOOT_UNMASK);
            case BOOT_DISTRIBUTOR -> gic.enableDistributor(c).then(lines.length > 0 ? BOOT_PRIORITY : BOOT_UNMASK);
            case BOOT_PRIORITY ->
                c.write8(GUEST_GICD_BASE + GICD_IPRIORITYR + lines[i], priorities[i])
                        .then(BOOT_ENABLE);
            case BOOT_ENABLE -> {
                c.r[INDEX]++;
                c.write32(GUEST_GICD_BASE + GICD_ISENABLER + lines[i] / 32 * 4, 1L << lines[i] % 32)
                        .then(i + 1 < lines.length ? BOOT_PRIORITY : BOOT_UNMASK);
            }
            default -> (startsMasked ? c.mask() : c.unmask()).then(READY);
        }
    }
}
