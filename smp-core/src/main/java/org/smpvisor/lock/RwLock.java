package org.smpvisor.lock;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import org.smpvisor.cpu.Pcpu;
import org.smpvisor.engine.Memory;
import org.smpvisor.engine.Point;
import org.smpvisor.engine.Watched;
import org.smpvisor.variant.Xen;

/**
 * Xen's queued read-write lock: a word of reader count, writer-waiting flag and the owner of the write side, and an inner
 * ticket lock in which slow readers and writers queue. A reader on the pCPU that owns the write side is let through; a
 * waiting writer holds back new readers, also one that reads already.
 */
@Xen("rwlock_t")
public final class RwLock extends Watched {
    private static final int READER = 1 << 16;
    private static final int WRITER_MASK = 0xfff;
    private static final int WRITER_WAITING = 1 << 12;
    private static final int WRITER_ANY = WRITER_MASK | WRITER_WAITING;
    private static final VarHandle STATE;
    private static final VarHandle TAIL;
    private static final VarHandle HEAD;

    static {
        try {
            MethodHandles.Lookup l = MethodHandles.lookup();
            STATE = l.findVarHandle(RwLock.class, "state", int.class);
            TAIL = l.findVarHandle(RwLock.class, "tail", int.class);
            HEAD = l.findVarHandle(RwLock.class, "head", int.class);
        } catch (ReflectiveOperationException e) {
            throw new ExceptionInInitializerError(e);
        }
    }

    private final LockClass lockClass;
    private final int classIndex;
    private final String name;
    private final long order;

    @SuppressWarnings({"unused", "FieldMayBeFinal"})
    private int state; // bits 31:16 readers, bit 12 a writer waits, bits 11:0 owner of the write side plus one

    @SuppressWarnings({"unused", "FieldMayBeFinal"})
    private int tail;

    private int head;

    /** A free lock of the given class; {@code name} is its path. */
    public RwLock(LockClass lockClass, String name) {
        this(lockClass, name, 0);
    }

    /** The same, with its position among the locks of its class, where nesting is allowed at all. */
    public RwLock(LockClass lockClass, String name, long order) {
        this.lockClass = lockClass;
        this.classIndex = lockClass.ordinal();
        this.name = name;
        this.order = order;
    }

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

    /** Takes the read side; the interrupt mask stays as it is. */
    @Xen("read_lock")
    public void readLock(Pcpu cpu) {
        cpu.point(Point.ACQUIRE, this);
        int use = cpu.held().acquiring(this, false);
        int before = (int) STATE.getAndAdd(this, READER);
        if ((before & WRITER_ANY) != 0 && (before & WRITER_MASK) != cpu.id() + 1) {
            readSlowly(cpu);
        }
        cpu.held().acquired(this, use);
        tellAcquired(cpu, false);
    }

    /** Takes the read side if no writer holds or awaits the lock; returns whether it did. */
    @Xen("read_trylock")
    public boolean tryReadLock(Pcpu cpu) {
        cpu.point(Point.TRY_ACQUIRE, this);
        int before = (int) STATE.getAndAdd(this, READER);
        if ((before & WRITER_ANY) != 0 && (before & WRITER_MASK) != cpu.id() + 1) {
            STATE.getAndAdd(this, -READER);
            cpu.saw(0);
            return false;
        }
        cpu.saw(1);
        cpu.held().acquiredByTry(this, false);
        tellAcquired(cpu, false);
        return true;
    }

    /** Releases the read side. */
    @Xen("read_unlock")
    public void readUnlock(Pcpu cpu) {
        cpu.point(Point.RELEASE, this);
        cpu.held().releasing(this, false);
        tellReleasing(cpu, false);
        STATE.getAndAdd(this, -READER);
    }

    /** Takes the write side; the interrupt mask stays as it is. */
    @Xen("write_lock")
    public void writeLock(Pcpu cpu) {
        cpu.point(Point.ACQUIRE, this);
        int use = cpu.held().acquiring(this, true);
        if (!STATE.compareAndSet(this, 0, cpu.id() + 1)) {
            writeSlowly(cpu);
        }
        cpu.held().acquired(this, use);
        tellAcquired(cpu, true);
    }

    /** Takes the write side if the lock is free; returns whether it did. */
    @Xen("write_trylock")
    public boolean tryWriteLock(Pcpu cpu) {
        cpu.point(Point.TRY_ACQUIRE, this);
        if (!STATE.compareAndSet(this, 0, cpu.id() + 1)) {
            cpu.saw(0);
            return false;
        }
        cpu.saw(1);
        cpu.held().acquiredByTry(this, true);
        tellAcquired(cpu, true);
        return true;
    }

    /** Releases the write side. */
    @Xen("write_unlock")
    public void writeUnlock(Pcpu cpu) {
        cpu.point(Point.RELEASE, this);
        cpu.held().releasing(this, true);
        tellReleasing(cpu, true);
        STATE.getAndBitwiseAnd(this, ~WRITER_MASK);
    }

    /** {@link #readLock} with interrupts masked; returns the mask for {@link #readUnlockIrqRestore}. */
    @Xen("read_lock_irqsave")
    public int readLockIrqSave(Pcpu cpu) {
        int flags = cpu.localIrqSave();
        readLock(cpu);
        return flags;
    }

    @Xen("read_unlock_irqrestore")
    public void readUnlockIrqRestore(Pcpu cpu, int flags) {
        readUnlock(cpu);
        cpu.localIrqRestore(flags);
    }

    /** Masks interrupts, which must be open, and takes the read side. */
    @Xen("read_lock_irq")
    public void readLockIrq(Pcpu cpu) {
        cpu.held().checkIrqsOpen(lockClass, this);
        cpu.localIrqDisable();
        readLock(cpu);
    }

    @Xen("read_unlock_irq")
    public void readUnlockIrq(Pcpu cpu) {
        readUnlock(cpu);
        cpu.localIrqEnable();
    }

    /** {@link #writeLock} with interrupts masked; returns the mask for {@link #writeUnlockIrqRestore}. */
    @Xen("write_lock_irqsave")
    public int writeLockIrqSave(Pcpu cpu) {
        int flags = cpu.localIrqSave();
        writeLock(cpu);
        return flags;
    }

    @Xen("write_unlock_irqrestore")
    public void writeUnlockIrqRestore(Pcpu cpu, int flags) {
        writeUnlock(cpu);
        cpu.localIrqRestore(flags);
    }

    /** Masks interrupts, which must be open, and takes the write side. */
    @Xen("write_lock_irq")
    public void writeLockIrq(Pcpu cpu) {
        cpu.held().checkIrqsOpen(lockClass, this);
        cpu.localIrqDisable();
        writeLock(cpu);
    }

    @Xen("write_unlock_irq")
    public void writeUnlockIrq(Pcpu cpu) {
        writeUnlock(cpu);
        cpu.localIrqEnable();
    }

    private void tellAcquired(Pcpu cpu, boolean write) {
        Memory m = cpu.memory();
        if (m != null) {
            m.acquired(cpu, this, write);
        }
    }

    private void tellReleasing(Pcpu cpu, boolean write) {
        Memory m = cpu.memory();
        if (m != null) {
            m.releasing(cpu, this, write);
        }
    }

    /** Number of readers at this moment, for reports. */
    public int readers() {
        return (int) STATE.getOpaque(this) >>> 16;
    }

    /** pCPU id of the owner of the write side, or -1. */
    public int writer() {
        return ((int) STATE.getOpaque(this) & WRITER_MASK) - 1;
    }

    private void readSlowly(Pcpu cpu) {
        cpu.held().contended(this);
        cpu.beginWait(this, -1);
        STATE.getAndAdd(this, -READER);
        int ticket = enterQueue(cpu);
        STATE.getAndAdd(this, READER);
        for (int turn = 0; ((int) STATE.getVolatile(this) & WRITER_ANY) != 0; turn++) {
            cpu.engine().relax(cpu, turn);
        }
        leaveQueue(ticket);
        cpu.endWait();
    }

    private void writeSlowly(Pcpu cpu) {
        cpu.held().contended(this);
        cpu.beginWait(this, -1);
        int ticket = enterQueue(cpu);
        if (!STATE.compareAndSet(this, 0, cpu.id() + 1)) {
            STATE.getAndBitwiseOr(this, WRITER_WAITING);
            for (int turn = 0; !STATE.compareAndSet(this, WRITER_WAITING, cpu.id() + 1); turn++) {
                cpu.engine().relax(cpu, turn);
            }
        }
        leaveQueue(ticket);
        cpu.endWait();
    }

    private int enterQueue(Pcpu cpu) {
        int ticket = (int) TAIL.getAndAdd(this, 1);
        cpu.saw(ticket - (int) HEAD.getOpaque(this));
        for (int turn = 0; (int) HEAD.getAcquire(this) != ticket; turn++) {
            cpu.engine().relax(cpu, turn);
        }
        return ticket;
    }

    private void leaveQueue(int ticket) {
        HEAD.setVolatile(this, ticket + 1);
    }

    @Override
    public String toString() {
        return name;
    }
}
