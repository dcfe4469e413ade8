package org.smpvisor.machine;

import org.smpvisor.cell.HwWords;
import org.smpvisor.cpu.Pcpu;
import org.smpvisor.domain.GuestDevices;
import org.smpvisor.domain.Vcpu;
import org.smpvisor.engine.Engine;
import org.smpvisor.gic.hw.SpiInputs;
import org.smpvisor.trace.Event;

/**
 * Devices that are passed through to guests: a guest's store to a doorbell makes the device raise its line, a store to its
 * acknowledge register lowers a level-sensitive one. No trap, no lock of Xen's.
 */
public final class DeviceBus implements GuestDevices {
    /** Value that rings the doorbell of the device whose SPI is the register number. */
    public static final long RING = 1;

    /** Value that makes the device lower its line. */
    public static final long QUIET = 2;

    private static final int PHYSICAL = 255;

    /** Latency is sampled on generations that are a multiple of this. */
    private static final int SAMPLE = 16;

    private static final int TIME_BITS = 48;
    private static final long TIME_MASK = (1L << TIME_BITS) - 1;

    private final SpiInputs gic;
    private final HwWords coalesced;
    /** Per SPI: low 16 bits of a generation above 48 bits of the time just before it was made. */
    private final HwWords raisedAt = new HwWords(1024);

    private final Engine engine;
    private final int environment;
    private volatile boolean open;

    DeviceBus(SpiInputs gic, Engine engine, int pcpus) {
        this.gic = gic;
        this.engine = engine;
        this.environment = pcpus;
        this.coalesced = HwWords.padded(pcpus + 1);
    }

    @Override
    public long access(Pcpu cpu, Vcpu v, long register, long value) {
        int spi = (int) register;
        if (value == QUIET) {
            gic.lower(spi);
        } else if (open) {
            if (raise(spi, cpu.id())) {
                cpu.events().record(Event.LINE, PHYSICAL, spi, (int) gic.generation(spi));
            }
        }
        return 0;
    }

    /** The environment raises a line; one thread at a time. Returns whether it made a new assertion. */
    public boolean raise(int spi) {
        return raise(spi, environment);
    }

    private boolean raise(int spi, int by) {
        long next = gic.generation(spi) + 1;
        if (next % SAMPLE == 0) { // before the raise, so that the acknowledge finds it
            raisedAt.setOpaque(spi, next << TIME_BITS | engine.now() & TIME_MASK);
        }
        boolean fresh = gic.raise(spi);
        if (!fresh) {
            coalesced.setOpaque(by, coalesced.getOpaque(by) + 1);
        }
        return fresh;
    }

    /** Opens or closes the doorbells, which are closed at first: guests' stores raise lines only while they are open. */
    public void setOpen(boolean isOpen) {
        open = isOpen;
    }

    /**
     * Nanoseconds from the raise that made {@code generation} until {@code now}; -1 if no device's raise made it, or if it is
     * not one of those that are sampled.
     */
    public long age(int spi, long generation, long now) {
        long w = raisedAt.getOpaque(spi);
        boolean isIt = generation % SAMPLE == 0 && w != 0 && w >>> TIME_BITS == (generation & 0xffff);
        return isIt ? now - w & TIME_MASK : -1;
    }

    /** Raises that found one waiting already. */
    public long coalesced() {
        long n = 0;
        for (int i = 0; i < coalesced.length(); i++) {
            n += coalesced.getOpaque(i);
        }
        return n;
    }
}
