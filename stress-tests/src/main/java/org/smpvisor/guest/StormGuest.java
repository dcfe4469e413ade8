package org.smpvisor.guest;

import static org.smpvisor.abi.GicAbi.*;

import org.smpvisor.abi.GicAbi;
import org.smpvisor.abi.GuestCpu;
import org.smpvisor.abi.GuestProgram;
import org.smpvisor.abi.PsciAbi;
import org.smpvisor.abi.TimerAbi;

/**
 * A guest kernel under load: sets up its GIC, acknowledges and ends what it is sent, rings its devices, sends SGIs, sleeps,
 * and moves its SPIs between its vCPUs as Linux does (ICENABLER, IROUTER, ISENABLER; on a GICv2 ITARGETSR alone), in the
 * proportions of a plan. All of
 * its per-vCPU state is in the {@link GuestCpu}.
 */
public final class StormGuest extends GuestProgram {
    /** Doorbell value: raise the line. */
    private static final long RING = 1;

    /** Doorbell value: the device lowers its line. */
    private static final long QUIET = 2;

    /** SGI that is answered under {@link GuestPlan#pingPong}. */
    private static final int PING = 1;

    private static final int LINES_PER_VCPU = 6;

    // Labels.
    private static final int BOOT = 0;
    private static final int BOOT_SEED = 10;
    private static final int BOOT_GROUP = 1;
    private static final int BOOT_CONTROL = 2;
    private static final int BOOT_SGI_PRIORITY = 3;
    private static final int BOOT_SGI_ENABLE = 4;
    private static final int BOOT_DISTRIBUTOR = 5;
    private static final int BOOT_LINE_PRIORITY = 6;
    private static final int BOOT_LINE_ROUTE = 7;
    private static final int BOOT_LINE_ENABLE = 8;
    private static final int BOOT_DONE = 9;
    private static final int MAIN = 20;
    private static final int MOVE_ROUTE = 21;
    private static final int MOVE_AGAIN = 22;
    private static final int MOVE_ENABLE = 23;
    private static final int MASKED_READ = 24;
    private static final int MASKED_END = 25;
    private static final int MOVED = 34;
    private static final int LEAVE_LINE = 30;
    private static final int LEAVE_CHECKED = 31;
    private static final int LEAVE_DRAIN = 32;
    private static final int LEAVE_OFF = 33;
    private static final int RESTART = 40;
    private static final int RESTART_GROUP = 41;
    private static final int RESTART_CONTROL = 42;
    private static final int RESTART_UNMASK = 43;
    private static final int SWITCHED_ON = 44;
    private static final int RESTART_PRIORITIES = 45;
    private static final int TIMER_OFF = 26;
    private static final int TIMER_SET = 27;
    private static final int TIMER_AT = 28;
    private static final int TIMER_ON = 29;
    private static final int ACKED = VECTOR_IRQ + 1;
    private static final int END = VECTOR_IRQ + 2;
    private static final int ENDED = VECTOR_IRQ + 3;
    private static final int RETURN = VECTOR_IRQ + 4;
    private static final int TIMER_STATUS = VECTOR_IRQ + 5;
    private static final int TIMER_EXPIRED = VECTOR_IRQ + 6;
    private static final int TIMER_NEXT_AT = VECTOR_IRQ + 7;
    private static final int TIMER_NEXT_ON = VECTOR_IRQ + 8;
    private static final int UPCALL_SCAN = VECTOR_IRQ + 9;
    private static final int UPCALL_AGAIN = VECTOR_IRQ + 10;

    // Scratch registers.
    private static final int RNG = 0;
    private static final int INDEX = 1;
    private static final int MOVED_LINE = 2;
    private static final int READS_LEFT = 3;
    private static final int INTID = 4;
    private static final int TWICE = 5;
    private static final int TIMER = 6;
    /** Whether the timer runs that stands so many places behind. */
    private static final int RUNS = 7;

    /** Shortest and longest time of a timer, in nanoseconds. */
    private static final int MIN_TICKS = 20_000;

    private static final int MAX_TICKS = 400_000;

    /** How often a timer that runs is left alone by the main loop, and set again by its handler: as a rule, not always. */
    private static final int AS_A_RULE = 8;

    private static final int MOVED_INDEX = 16;
    private static final int AFTER_MOVE = 17;
    private static final int SWITCHED = 18;
    private static final int TRIES = 19;

    /** How often a vCPU that leaves tries to move the lines that are routed to it. */
    private static final int MAX_TRIES = 200;

    /** Accesses that trap and so let pass what is on its way, before a vCPU switches itself off. */
    private static final int DRAINING_READS = 6;

    private final GuestPlan plan;
    private final GuestMemory memory;
    private final GuestGic gic;
    private final long seed;

    /** @param seed of all of this vCPU's choices */
    public StormGuest(GuestPlan plan, GuestMemory memory, long seed) {
        this.plan = plan;
        this.memory = memory;
        this.gic = memory.gic();
        this.seed = seed;
    }

    @Override
    public void step(GuestCpu c) {
        switch (c.pc) {
            case VECTOR_IRQ -> gic.acknowledge(c).then(ACKED);
            case ACKED -> acked(c);
            case END -> gic.end(c, c.r[INTID]).then(ENDED);
            case ENDED -> ended(c);
            case RETURN -> c.eret();
            case MAIN -> choose(c);
            case MOVE_ROUTE -> routeFirst(c);
            case MOVE_AGAIN -> route(c, afterMove());
            case MOVE_ENABLE ->
                c.write32(enableRegister(GICD_ISENABLER, c.r[MOVED_LINE]), bit(c.r[MOVED_LINE]))
                        .then(MOVED);
            case MOVED -> {
                memory.unlock((int) c.r[MOVED_INDEX]);
                c.branch().then((int) c.r[AFTER_MOVE]);
            }
            case LEAVE_LINE -> leaveLine(c);
            case LEAVE_CHECKED -> leaveChecked(c);
            case LEAVE_DRAIN -> drain(c);
            case LEAVE_OFF -> {
                memory.setOff(c.vcpuId());
                c.hvc(PsciAbi.CPU_OFF, 0, 0, 0).then(RESTART);
            }
            case RESTART -> c.clearUpcall().then(RESTART_PRIORITIES);
            case RESTART_PRIORITIES -> gic.openPriorities(c).then(RESTART_GROUP);
            case RESTART_GROUP -> gic.enableInterface(c).then(RESTART_CONTROL);
            case RESTART_CONTROL -> gic.endsDeactivate(c).then(RESTART_UNMASK);
            case RESTART_UNMASK -> {
                memory.setOnline(c.vcpuId(), true);
                c.unmask().then(MAIN);
            }
            case SWITCHED_ON -> {
                if (c.x0 != PsciAbi.SUCCESS) {
                    memory.setOff((int) c.r[SWITCHED]); // it has not gone off yet: somebody else tries again
                }
                c.branch().then(MAIN);
            }
            case TIMER_OFF, TIMER_SET, TIMER_AT, TIMER_ON -> setTimer(c);
            case TIMER_STATUS, TIMER_EXPIRED, TIMER_NEXT_AT, TIMER_NEXT_ON -> expired(c);
            case UPCALL_SCAN -> c.readUpcall().then(UPCALL_AGAIN);
            case UPCALL_AGAIN -> {
                if (c.x0 != 0) {
                    c.clearUpcall().then(UPCALL_SCAN);
                } else {
                    gic.end(c, c.r[INTID]).then(ENDED);
                }
            }
            case MASKED_READ -> maskedRead(c);
            case MASKED_END -> c.unmask().then(MAIN);
            default -> boot(c);
        }
    }

    // ---- boot -------------------------------------------------------------------------------------------------------

    private void boot(GuestCpu c) {
        int i = (int) c.r[INDEX];
        switch (c.pc) {
            case BOOT -> c.clearUpcall().then(BOOT_SEED); // events that came before it was on told nobody
            case BOOT_SEED -> {
                c.r[RNG] = seed * 0x9E3779B97F4A7C15L + c.vcpuId() + 1;
                gic.openPriorities(c).then(BOOT_GROUP);
            }
            case BOOT_GROUP -> gic.enableInterface(c).then(BOOT_CONTROL);
            case BOOT_CONTROL -> gic.endsDeactivate(c).then(BOOT_SGI_PRIORITY);
            case BOOT_SGI_PRIORITY -> {
                c.r[INDEX]++;
                gic.setLocalPriorities(c, 4 * i, 0x90809080L)
                        .then(i < lastPriorityWord() ? BOOT_SGI_PRIORITY : BOOT_SGI_ENABLE);
            }
            case BOOT_SGI_ENABLE -> {
                c.r[INDEX] = 0;
                gic.enableLocals(c, plan.usesPpis() ? GuestGic.SGIS | GuestGic.PPIS : GuestGic.SGIS)
                        .then(c.vcpuId() == 0 ? BOOT_DISTRIBUTOR : BOOT_DONE);
            }
            case BOOT_DISTRIBUTOR -> gic.enableDistributor(c).then(lineCount() > 0 ? BOOT_LINE_PRIORITY : BOOT_DONE);
            case BOOT_LINE_PRIORITY ->
                c.write8(GUEST_GICD_BASE + GICD_IPRIORITYR + lineAt(i), 0xa0 + 0x10 * (i & 3))
                        .then(BOOT_LINE_ROUTE);
            case BOOT_LINE_ROUTE -> gic.route(c, lineAt(i), home(i, c.vcpus())).then(BOOT_LINE_ENABLE);
            case BOOT_LINE_ENABLE -> {
                c.r[INDEX]++;
                c.write32(enableRegister(GICD_ISENABLER, lineAt(i)), bit(lineAt(i)))
                        .then(i + 1 < lineCount() ? BOOT_LINE_PRIORITY : BOOT_DONE);
            }
            default -> {
                memory.setOnline(c.vcpuId(), true);
                c.unmask().then(MAIN);
            }
        }
    }

    private int lastPriorityWord() {
        return plan.usesPpis() ? 7 : 3;
    }

    private int lineCount() {
        return memory.lineCount() + memory.virtualLineCount();
    }

    private int lineAt(int i) {
        return i < memory.lineCount() ? memory.line(i) : memory.virtualLine(i - memory.lineCount());
    }

    /** vCPU that line {@code i} goes to at first: several to one, more than there are list registers, when there are many. */
    private int home(int i, int vcpus) {
        return lineCount() <= vcpus ? i : i / LINES_PER_VCPU % vcpus;
    }

    private static long enableRegister(int bank, long line) {
        return GUEST_GICD_BASE + bank + line / 32 * 4;
    }

    private static long bit(long line) {
        return 1L << line % 32;
    }

    // ---- the main loop ----------------------------------------------------------------------------------------------

    private static int below(GuestCpu c, int n) {
        long x = c.r[RNG];
        x ^= x << 13;
        x ^= x >>> 7;
        x ^= x << 17;
        c.r[RNG] = x;
        return (int) ((x >>> 33) * n >>> 31);
    }

    private void choose(GuestCpu c) {
        if (memory.isResting()) {
            c.wfi().then(MAIN);
            return;
        }
        int at = below(c, plan.total());
        if ((at -= plan.ring()) < 0) {
            c.device(memory.line(below(c, memory.lineCount())), RING).then(MAIN);
        } else if ((at -= plan.sgi()) < 0) {
            int to = plan.pingPong() ? c.vcpuId() ^ 1 : below(c, c.vcpus());
            sendSgi(c, plan.pingPong() ? PING : 2 + below(c, 6), to);
        } else if ((at -= plan.selfSgi()) < 0) {
            sendSgi(c, 8 + below(c, 4), c.vcpuId());
        } else if ((at -= plan.broadcast()) < 0) {
            gic.sendToOthers(c, 12).then(MAIN);
        } else if ((at -= plan.move()) < 0) {
            startMove(c, 0, false);
        } else if ((at -= plan.moveTwice()) < 0) {
            startMove(c, 1, false);
        } else if ((at -= plan.setPending()) < 0) {
            int line = memory.virtualLine(below(c, memory.virtualLineCount()));
            c.write32(GUEST_GICD_BASE + GICD_ISPENDR + line / 32 * 4, bit(line)).then(MAIN);
        } else if ((at -= plan.moveVirtual()) < 0) {
            startMove(c, 0, true);
        } else if ((at -= plan.masked()) < 0) {
            c.r[READS_LEFT] = 2 + below(c, 6);
            c.mask().then(MASKED_READ);
        } else if ((at -= plan.off()) < 0) {
            switchOffOrOn(c);
        } else if ((at -= plan.virtualTimer()) < 0) {
            startTimer(c, GuestTimer.VIRTUAL);
        } else if ((at -= plan.physicalTimer()) < 0) {
            startTimer(c, GuestTimer.PHYSICAL);
        } else if ((at -= plan.sleep()) < 0) {
            c.wfi().then(MAIN);
        } else {
            c.branch().then(MAIN);
        }
    }

    private void sendSgi(GuestCpu c, int sgi, int to) {
        gic.send(c, sgi, to).then(MAIN);
    }

    /** Mostly each line is moved by one vCPU; another that moves it off a vCPU that leaves holds its lock. */
    private void startMove(GuestCpu c, int twice, boolean virtual) {
        int count = virtual ? memory.virtualLineCount() : memory.lineCount();
        int mine = (count - c.vcpuId() + c.vcpus() - 1) / c.vcpus();
        if (mine <= 0) {
            c.branch().then(MAIN);
            return;
        }
        int i = c.vcpuId() + c.vcpus() * below(c, mine) + (virtual ? memory.lineCount() : 0);
        if (memory.tryLock(i)) {
            beginMove(c, i, twice, MAIN);
        } else {
            c.branch().then(MAIN);
        }
    }

    /** Moves line {@code i}, whose lock is held until it has been moved. */
    private void beginMove(GuestCpu c, int i, int twice, int after) {
        c.r[MOVED_INDEX] = i;
        c.r[MOVED_LINE] = lineAt(i);
        c.r[TWICE] = twice;
        c.r[AFTER_MOVE] = after;
        if (gic.disablesToRoute()) {
            c.write32(enableRegister(GICD_ICENABLER, c.r[MOVED_LINE]), bit(c.r[MOVED_LINE]))
                    .then(MOVE_ROUTE);
        } else {
            routeFirst(c);
        }
    }

    private void routeFirst(GuestCpu c) {
        route(c, c.r[TWICE] != 0 ? MOVE_AGAIN : afterMove());
    }

    private int afterMove() {
        return gic.disablesToRoute() ? MOVE_ENABLE : MOVED;
    }

    private void route(GuestCpu c, int next) {
        int to = below(c, c.vcpus());
        for (int tries = 1; !memory.isOnline(to); tries++) {
            to = tries < c.vcpus() ? (to + 1) % c.vcpus() : 0; // who never leaves, but may not be there yet
            if (tries == c.vcpus()) {
                break;
            }
        }
        gic.route(c, c.r[MOVED_LINE], to).then(next);
    }

    // ---- power ------------------------------------------------------------------------------------------------------

    /** Switches another vCPU on that is off; or itself off, after it has given its lines away; or, seldom, all of the domain. */
    private void switchOffOrOn(GuestCpu c) {
        if (plan.endEvery() > 0 && below(c, plan.endEvery()) == 0) {
            c.hvc(PsciAbi.SYSTEM_OFF, 0, 0, 0).then(MAIN); // never returns, but a kill may find the call on its way
            return;
        }
        int other = memory.takeOff();
        if (other >= 0) {
            c.r[SWITCHED] = other;
            c.hvc(PsciAbi.CPU_ON, GicAbi.vcpuAffinity(other), RESTART, 0).then(SWITCHED_ON);
        } else if (c.vcpuId() == 0 || c.vcpuId() >= Integer.SIZE || !memory.isOnline(0)) { // vCPU 0 still routes lines
            c.branch().then(MAIN);
        } else {
            memory.setOnline(c.vcpuId(), false);
            c.r[TRIES] = 0;
            c.r[INDEX] = 0;
            c.branch().then(LEAVE_LINE);
        }
    }

    /** Under the lock of each line: whoever has routed it here has done so before, and nobody will from now on. */
    private void leaveLine(GuestCpu c) {
        int i = (int) c.r[INDEX];
        if (i == lineCount()) {
            c.r[READS_LEFT] = DRAINING_READS;
            c.branch().then(LEAVE_DRAIN);
        } else if (!memory.tryLock(i)) {
            c.branch().then(LEAVE_LINE);
        } else {
            gic.readRoute(c, lineAt(i)).then(LEAVE_CHECKED);
        }
    }

    /** Xen refuses to move a line that is being moved: so it is looked at again until it is gone, for a while. */
    private void leaveChecked(GuestCpu c) {
        int i = (int) c.r[INDEX];
        if (gic.isRoutedTo(c.x0, c.vcpuId()) && c.r[TRIES]++ < MAX_TRIES) {
            beginMove(c, i, 0, LEAVE_LINE);
        } else if (gic.isRoutedTo(c.x0, c.vcpuId())) {
            memory.unlock(i); // its move never ends (H5): the vCPU stays
            memory.setOnline(c.vcpuId(), true);
            c.branch().then(MAIN);
        } else {
            memory.unlock(i);
            c.r[INDEX]++;
            c.branch().then(LEAVE_LINE);
        }
    }

    /** What is in its list registers is taken while interrupts are still open; then nothing more is wanted. */
    private void drain(GuestCpu c) {
        if (c.r[READS_LEFT]-- > 0) {
            c.read32(GUEST_GICD_BASE + GICD_TYPER).then(LEAVE_DRAIN);
        } else {
            c.mask().then(LEAVE_OFF);
        }
    }

    private void maskedRead(GuestCpu c) {
        c.r[READS_LEFT]--;
        c.read32(GUEST_GICD_BASE + GICD_TYPER).then(c.r[READS_LEFT] > 0 ? MASKED_READ : MASKED_END);
    }

    // ---- timers -----------------------------------------------------------------------------------------------------

    private static int ticks(GuestCpu c) {
        return MIN_TICKS + below(c, MAX_TICKS - MIN_TICKS);
    }

    /** Sets a timer with interrupts masked; one that runs already is set anew, or switched off, now and then. */
    private void startTimer(GuestCpu c, GuestTimer t) {
        boolean runs = c.r[RUNS + t.ordinal()] != 0;
        if (runs && below(c, AS_A_RULE) != 0) {
            c.branch().then(MAIN);
            return;
        }
        c.r[TIMER] = t.ordinal();
        c.mask().then(runs && below(c, 2) == 0 ? TIMER_OFF : TIMER_SET);
    }

    private static void setTimer(GuestCpu c) {
        int i = (int) c.r[TIMER];
        GuestTimer t = i == 0 ? GuestTimer.VIRTUAL : GuestTimer.PHYSICAL;
        switch (c.pc) {
            case TIMER_OFF -> {
                c.r[RUNS + i] = 0;
                t.disable(c).then(MASKED_END);
            }
            case TIMER_SET -> {
                c.r[RUNS + i] = 1;
                if (below(c, 2) == 0) {
                    t.expireAfter(c, ticks(c)).then(TIMER_ON);
                } else {
                    t.readCounter(c).then(TIMER_AT);
                }
            }
            case TIMER_AT -> t.expireAt(c, c.x0 + ticks(c)).then(TIMER_ON);
            default -> t.enable(c).then(MASKED_END);
        }
    }

    /** Linux's handler: looks whether it is meant, keeps the timer quiet, and sets it again as a rule. */
    private void expired(GuestCpu c) {
        GuestTimer t = GuestTimer.of(c.r[INTID]);
        switch (c.pc) {
            case TIMER_STATUS -> {
                if (GuestTimer.hasExpired(c.x0)) {
                    t.quiet(c).then(TIMER_EXPIRED);
                } else {
                    gic.end(c, c.r[INTID]).then(ENDED);
                }
            }
            case TIMER_EXPIRED -> {
                boolean again = !memory.isResting() && below(c, AS_A_RULE) != 0;
                c.r[RUNS + t.ordinal()] = again ? 1 : 0;
                if (again) {
                    t.readCounter(c).then(TIMER_NEXT_AT);
                } else {
                    gic.end(c, c.r[INTID]).then(ENDED);
                }
            }
            case TIMER_NEXT_AT -> t.expireAt(c, c.x0 + ticks(c)).then(TIMER_NEXT_ON);
            default -> t.enable(c).then(END);
        }
    }

    // ---- the interrupt handler --------------------------------------------------------------------------------------

    private void acked(GuestCpu c) {
        c.r[INTID] = c.x0;
        if (c.x0 == SPURIOUS) {
            c.eret();
        } else if (GuestTimer.of(c.x0) != null) {
            GuestTimer.of(c.x0).readControl(c).then(TIMER_STATUS);
        } else if (c.x0 == TimerAbi.EVTCHN_PPI) {
            c.clearUpcall().then(UPCALL_SCAN);
        } else if (intid(c) >= NR_LOCAL_IRQS && memory.isLevel(intid(c))) {
            c.device(c.x0, QUIET).then(END);
        } else {
            gic.end(c, c.x0).then(ENDED);
        }
    }

    /** What was acknowledged, without the sender that a GICv2 shows above an SGI. */
    private static int intid(GuestCpu c) {
        return (int) c.r[INTID] & GICC_INTID_MASK;
    }

    private void ended(GuestCpu c) {
        if (plan.pingPong() && intid(c) == PING && !memory.isResting()) {
            int to = c.vcpuId() ^ 1;
            gic.send(c, PING, to).then(RETURN);
        } else if (plan.reringPerMille() > 0 && intid(c) >= NR_LOCAL_IRQS && below(c, 1000) < plan.reringPerMille()) {
            c.device(c.r[INTID], RING).then(RETURN);
        } else {
            c.eret();
        }
    }
}
