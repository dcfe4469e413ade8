package org.smpvisor.machine;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Random;
import org.junit.jupiter.api.Test;
import org.smpvisor.variant.Variant;

/**
 * A damaged tree that can still be read describes a machine that boots. {@code -Dsmpvisor.damage.seed=N} and
 * {@code -Dsmpvisor.damage.boots=N} choose other trees and more of them.
 */
class DamagedBootTest {
    private static final long SEED = Long.getLong("smpvisor.damage.seed", 0x5eedL);
    private static final int TREES = Integer.getInteger("smpvisor.damage.boots", 300);

    @Test
    void whatCanBeReadBoots() {
        DamagedDeviceTreeTest trees = new DamagedDeviceTreeTest();
        int booted = 0;
        for (int index = 0; index < TREES; index++) {
            byte[] blob = trees.damaged(new Random(SEED * 1_000_003 + index));
            MachineDescription description;
            try {
                description = MachineDescription.parse(blob, "");
            } catch (DeviceTreeException e) {
                continue;
            }
            try {
                Boots.of(MachineSpec.of(description, Variant.xen()));
            } catch (Throwable e) {
                throw new AssertionError("seed " + SEED + ", tree " + index + ": " + description, e);
            }
            booted++;
        }
        System.out.println("damaged trees: " + booted + " of " + TREES + " booted, the others were refused");
        assertThat(booted).isPositive();
    }
}
