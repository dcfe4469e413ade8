package org.smpvisor.machine;

import org.smpvisor.cell.HwWords;
import org.smpvisor.cpu.Pcpu;
import org.smpvisor.domain.GuestDevices;
import org.smpvisor.domain.Vcpu;
import org.smpvisor.gic.hw.Distributor;
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

    private final Distributor gic;
    private final HwWords coalesced;
    private final HwWords raisedAt = new HwWords(1024);
    private final int environment;
    private volatile boolean open;

    DeviceBus(Distributor gic, int pcpus) {
        this.gic = gic;
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
        boolean fresh = gic.raise(spi);
        if (!fresh) {
            coalesced.setOpaque(by, coalesced.getOpaque(by) + 1);
        } else if ((gic.generation(spi) & 0xf) == 0) {
            raisedAt.setOpaque(spi, System.nanoTime());
        }
        return fresh;
    }

    /** Opens or closes the doorbells, which are closed at first: guests' stores raise lines only while they are open. */
    public void setOpen(boolean isOpen) {
        open = isOpen;
    }

    /** Time of the last raise whose generation is a multiple of 16; latency is sampled on those. */
    public long raisedAt(int spi) {
        return raisedAt.getOpaque(spi);
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
