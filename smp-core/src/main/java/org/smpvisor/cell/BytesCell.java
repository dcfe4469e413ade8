package org.smpvisor.cell;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import org.smpvisor.cpu.Pcpu;
import org.smpvisor.engine.Memory;
import org.smpvisor.engine.Point;

/**
 * 32 bytes in eight words: written under a lock, one word or one byte at a time, and read without it. A byte read is an
 * opaque load of its word and a shift, so that a reader sees either the old or the new byte. Byte {@code i} lies in bits
 * {@code 8*(i%4)} of word {@code i/4}, as a little-endian machine would have it.
 */
public final class BytesCell extends Cell {
    private static final VarHandle WORDS = MethodHandles.arrayElementVarHandle(int[].class);
    private static final int BYTES = 32;

    private final int[] words = new int[BYTES / 4];

    /** All bytes zero, writers must hold {@code guard}. */
    public BytesCell(String name, Guard guard) {
        super(name, guard);
    }

    /** One byte, 0..255, without the lock and without ordering. */
    public int getOpaque(Pcpu cpu, int i) {
        cpu.point(Point.LOAD, this);
        int word = (int) WORDS.getOpaque(words, i >> 2);
        Memory m = cpu.memory();
        if (m != null) {
            m.load(cpu, this, false);
            word = m.forward(cpu, this, i >> 2, word);
        }
        return word >>> 8 * (i & 3) & 0xff;
    }

    /**
     * One byte by a plain load, with whatever lock the caller happens to hold: a compiler may tear, repeat or move it. For bugs
     * of the past alone; a race with every writer that nothing else orders.
     */
    public int getPlain(Pcpu cpu, int i) {
        cpu.point(Point.LOAD, this);
        Memory m = cpu.memory();
        int word = words[i >> 2];
        if (m != null) {
            m.guarded(cpu, this, i, 1, false);
            word = m.forward(cpu, this, i >> 2, word);
        }
        return word >>> 8 * (i & 3) & 0xff;
    }

    /** One word with the guarding lock held. */
    public int getWordGuarded(Pcpu cpu, int word) {
        touch(cpu, Point.LOAD, 4 * word, 4);
        return own(cpu, word);
    }

    /** Stores one word, single-copy atomic for lock-free readers, with the guarding lock held. */
    public void setWordGuarded(Pcpu cpu, int word, int v) {
        touchInSight(cpu, 4 * word, 4);
        store(cpu, word, v);
    }

    /** Stores one byte with the guarding lock held; neighbours are written by holders of the same lock only. */
    public void setGuarded(Pcpu cpu, int i, int v) {
        int shift = 8 * (i & 3);
        touchInSight(cpu, i, 1);
        store(cpu, i >> 2, own(cpu, i >> 2) & ~(0xff << shift) | (v & 0xff) << shift);
    }

    private int own(Pcpu cpu, int word) {
        Memory m = cpu.memory();
        return m == null ? words[word] : m.forward(cpu, this, word, words[word]);
    }

    private void store(Pcpu cpu, int word, int v) {
        Memory m = cpu.memory();
        if (m == null || !m.holdBack(cpu, this, Op.SET, word, v, null, null)) {
            WORDS.setOpaque(words, word, v);
        }
    }

    @Override
    protected int parts() {
        return BYTES;
    }

    @Override
    protected boolean isOpenToReaders() {
        return true;
    }

    @Override
    protected void reach(Op op, int word, int number, Object ref, Object expected) {
        words[word] = number;
    }

    /** Fills all bytes before the machine starts. */
    public void reset(int v) {
        for (int w = 0; w < words.length; w++) {
            WORDS.setVolatile(words, w, (v & 0xff) * 0x01010101);
        }
    }

    /** One byte as the pCPU itself sees it, without a point: for shadows that decide nothing of Xen's. */
    public int peek(Pcpu cpu, int i) {
        return own(cpu, i >> 2) >>> 8 * (i & 3) & 0xff;
    }

    /** One byte as an observer outside the machine sees it. */
    public int peek(int i) {
        return (int) WORDS.getOpaque(words, i >> 2) >>> 8 * (i & 3) & 0xff;
    }
}
