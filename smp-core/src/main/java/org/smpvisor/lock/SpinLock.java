package org.smpvisor.lock;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import org.smpvisor.cell.Guard;
import org.smpvisor.cpu.Pcpu;
import org.smpvisor.engine.Memory;
import org.smpvisor.engine.ModelBug;
import org.smpvisor.engine.Point;
import org.smpvisor.engine.Watched;
import org.smpvisor.variant.Xen;

/**
 * Xen's ticket spinlock: strictly first come, first served, not recursive, with a full barrier on both sides. Who holds it
 * is recorded for the validator and the watchdog, which Xen itself does not do.
 */
@Xen("spinlock_t")
public final class SpinLock extends Watched implements Guard {
    private static final VarHandle TAIL;
    private static final VarHandle HEAD;
    private static final VarHandle OWNER;
    private static final VarHandle SLEEPERS = MethodHandles.arrayElementVarHandle(Pcpu[].class);
    private static final int SLOTS = 16;

    static {
        try {
            MethodHandles.Lookup l = MethodHandles.lookup();
            TAIL = l.findVarHandle(SpinLock.class, "tail", int.class);
            HEAD = l.findVarHandle(SpinLock.class, "head", int.class);
            OWNER = l.findVarHandle(SpinLock.class, "owner", Pcpu.class);
        } catch (ReflectiveOperationException e) {
            throw new ExceptionInInitializerError(e);
        }
    }

    private final LockClass lockClass;
    private final int classIndex;
    private final String name;
    private final long order;

    @SuppressWarnings({"unused", "FieldMayBeFinal"})
    private int tail;

    private int head;
    private Pcpu owner;
    private Pcpu[] sleepers;

    /**
     * @param lockClass the class, which fixes the legal order
     * @param name path of the lock, for example {@code d1.v0.vgic.lock}
     * @param order position among the locks of its class, where nesting is allowed at all
     */
    public SpinLock(LockClass lockClass, String name, long order) {
        this.lockClass = lockClass;
        this.classIndex = lockClass.ordinal();
        this.name = name;
        this.order = order;
    }

    @Override
    public LockClass lockClass() {
        return lockClass;
    }

    /** Ordinal of the class: asked at each acquisition. */
    int classIndex() {
        return classIndex;
    }

    public String name() {
        return name;
    }

    /** Position among the locks of the same class. */
    public long order() {
        return order;
    }

    /** Takes the lock; the interrupt mask stays as it is. */
    @Xen("spin_lock")
    public void lock(Pcpu cpu) {
        cpu.point(Point.ACQUIRE, this);
        HeldLocks held = cpu.held();
        int use = held.acquiring(this);
        int ticket = (int) TAIL.getAndAdd(this, 1);
        if ((int) HEAD.getAcquire(this) != ticket) {
            waitForTurn(cpu, ticket);
        }
        VarHandle.fullFence();
        OWNER.setOpaque(this, cpu);
        held.acquired(this, use);
        tellAcquired(cpu);
    }

    /** Takes the lock if nobody holds or awaits it; returns whether it did. The interrupt mask stays as it is. */
    @Xen("spin_trylock")
    public boolean tryLock(Pcpu cpu) {
        cpu.point(Point.TRY_ACQUIRE, this);
        int ticket = (int) HEAD.getOpaque(this);
        if ((int) TAIL.getOpaque(this) != ticket || !TAIL.compareAndSet(this, ticket, ticket + 1)) {
            cpu.saw(0);
            return false;
        }
        cpu.saw(1);
        VarHandle.fullFence();
        OWNER.setOpaque(this, cpu);
        cpu.held().acquiredByTry(this);
        tellAcquired(cpu);
        return true;
    }

    private void tellAcquired(Pcpu cpu) {
        Memory m = cpu.memory();
        if (m != null) {
            m.acquired(cpu, this, true);
        }
    }

    /** Releases the lock; the interrupt mask stays as it is. */
    @Xen("spin_unlock")
    public void unlock(Pcpu cpu) {
        cpu.point(Point.RELEASE, this);
        cpu.held().releasing(this);
        Memory m = cpu.memory();
        if (m != null) {
            m.releasing(cpu, this, true);
        }
        OWNER.setOpaque(this, null);
        int next = head + 1;
        VarHandle.fullFence();
        HEAD.setRelease(this, next); // pairs with the acquiring load in lock and waitForTurn
        if (sleepers != null) {
            wakeNext(next);
        }
    }

    /** Masks interrupts, which must be open, and takes the lock. */
    @Xen("spin_lock_irq")
    public void lockIrq(Pcpu cpu) {
        cpu.held().checkIrqsOpen(lockClass, this);
        cpu.localIrqDisable();
        lock(cpu);
    }

    /** Releases the lock and opens interrupts, whatever they were before. */
    @Xen("spin_unlock_irq")
    public void unlockIrq(Pcpu cpu) {
        unlock(cpu);
        cpu.localIrqEnable();
    }

    /** Masks interrupts and takes the lock; returns what {@link #unlockIrqRestore} needs. */
    @Xen("spin_lock_irqsave")
    public int lockIrqSave(Pcpu cpu) {
        int flags = cpu.localIrqSave();
        lock(cpu);
        return flags;
    }

    /** Releases the lock and puts the interrupt mask back to {@code flags}. */
    @Xen("spin_unlock_irqrestore")
    public void unlockIrqRestore(Pcpu cpu, int flags) {
        unlock(cpu);
        cpu.localIrqRestore(flags);
    }

    /** Whether anybody holds the lock; Xen's own assertions know no more than that. */
    @Xen("spin_is_locked")
    public boolean isLocked() {
        return (int) HEAD.getOpaque(this) != (int) TAIL.getOpaque(this);
    }

    /** Whether {@code cpu} holds the lock. */
    @Override
    public boolean isHeldBy(Pcpu cpu) {
        return owner() == cpu;
    }

    /** Asserts that {@code cpu} holds the lock: the first line of every helper that needs it. */
    public void assertHeldBy(Pcpu cpu) {
        if (owner() != cpu) {
            throw new ModelBug(name + " is needed here and is held by " + owner());
        }
    }

    /** The holder, for reports; may be out of date at once. */
    public Pcpu owner() {
        return (Pcpu) OWNER.getOpaque(this);
    }

    /** The ticket that is served now, or next if nobody holds the lock; for the watchdog. */
    public int serving() {
        return (int) HEAD.getOpaque(this);
    }

    /** Tickets drawn and not yet done with, the holder's included; for comparing states. */
    public int queued() {
        return (int) TAIL.getOpaque(this) - (int) HEAD.getOpaque(this);
    }

    /** Makes the lock free again, its next ticket {@code ticket}, while nobody drives the machine. */
    public void restore(int ticket) {
        if (tail != ticket || head != ticket || owner != null) {
            tail = ticket;
            head = ticket;
            owner = null;
        }
    }

    private void waitForTurn(Pcpu cpu, int ticket) {
        cpu.held().contended(this);
        cpu.saw(ticket - serving());
        cpu.beginWait(this, ticket);
        for (int turn = 0; (int) HEAD.getAcquire(this) != ticket; turn++) {
            if (turn == Pcpu.TURNS_BEFORE_SLEEP) {
                sleeperSlots()[ticket & SLOTS - 1] = cpu;
            }
            cpu.engine().relax(cpu, turn);
        }
        cpu.endWait();
    }

    private Pcpu[] sleeperSlots() {
        Pcpu[] slots = sleepers;
        if (slots == null) {
            slots = new Pcpu[SLOTS];
            sleepers = slots; // two racing sleepers may lose a slot: parks are timed, it costs one period
        }
        return slots;
    }

    private void wakeNext(int ticket) {
        Pcpu next = (Pcpu) SLEEPERS.getOpaque(sleepers, ticket & SLOTS - 1);
        if (next != null) {
            SLEEPERS.setOpaque(sleepers, ticket & SLOTS - 1, null);
            next.engine().wake(next);
        }
    }

    @Override
    public String toString() {
        return name;
    }
}
