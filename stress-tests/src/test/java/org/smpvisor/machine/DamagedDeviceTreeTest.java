package org.smpvisor.machine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assertions.assertTimeoutPreemptively;
import static org.junit.jupiter.api.Assertions.fail;

import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.smpvisor.machine.MachineDescription.Cpu;
import org.smpvisor.machine.MachineDescription.Device;
import org.smpvisor.machine.MachineDescription.Gic;
import org.smpvisor.machine.MachineDescription.Irq;
import org.smpvisor.machine.MachineDescription.Region;

/**
 * Whatever happens to a tree's bytes, reading it gives a sound machine or a {@link DeviceTreeException} that names a
 * place. {@code -Dsmpvisor.damage.seed=N} and {@code -Dsmpvisor.damage.trees=N} choose other trees and more of them.
 */
class DamagedDeviceTreeTest {
    private static final long SEED = Long.getLong("smpvisor.damage.seed", 0x5eedL);
    private static final int TREES = Integer.getInteger("smpvisor.damage.trees", 6000);
    private static final int BATCH = 500;
    private static final Duration BATCH_LIMIT = Duration.ofSeconds(5);
    private static final int HEADER_WORDS = 10;

    private final List<byte[]> originals = List.of(
            MachineDescriptionTest.resource("qemu-virt-gicv3-cpus4.dtb"),
            MachineDescriptionTest.resource("/dtb/qemu-virt-gicv3-cpus64.dtb"),
            FdtWriter.board().blob(),
            FdtWriter.board().blob(16));

    /** Offsets of the property cells of each original. */
    private final List<List<Integer>> values =
            originals.stream().map(DamagedDeviceTreeTest::cellOffsets).toList();

    @Test
    void aDamagedTreeIsReadOrRefusedAndNothingElse() {
        System.out.println("damaged trees: seed " + SEED + ", " + TREES + " trees");
        AtomicInteger parsed = new AtomicInteger();
        AtomicInteger refused = new AtomicInteger();
        for (int first = 0; first < TREES; first += BATCH) {
            int from = first;
            int to = Math.min(first + BATCH, TREES);
            assertTimeoutPreemptively(
                    BATCH_LIMIT,
                    () -> {
                        for (int index = from; index < to; index++) {
                            (reads(index) ? parsed : refused).incrementAndGet();
                        }
                    },
                    () -> "seed " + SEED + ", trees " + from + ".." + to + " take too long");
        }

        System.out.println("damaged trees: " + parsed + " read, " + refused + " refused");
        assertThat(parsed.get() + refused.get()).isEqualTo(TREES);
        assertThat(parsed.get()).isPositive();
        assertThat(refused.get()).isPositive();
    }

    /** Returns whether the tree is read, false if it is refused as it should be. */
    private boolean reads(int index) {
        byte[] blob = damaged(new Random(SEED * 1_000_003 + index));
        try {
            MachineDescription machine = MachineDescription.parse(blob, "");
            checkSound(machine);
            checkSound(machine.withCpus(MachineDescription.MAX_CPUS));
            return true;
        } catch (DeviceTreeException e) {
            assertThat(e.place()).as("seed %d, tree %d", SEED, index).isNotBlank();
            assertThat(e.offset()).as("seed %d, tree %d", SEED, index).isBetween(0L, (long) blob.length);
            assertThat(e.getMessage()).startsWith("device tree: ").matches("[\\x20-\\x7e]*");
            return false;
        } catch (Throwable e) {
            return fail(
                    "seed " + SEED + ", tree " + index + ": run this test again with -Dsmpvisor.damage.seed=" + SEED,
                    e);
        }
    }

    byte[] damaged(Random random) {
        int which = random.nextInt(originals.size());
        byte[] blob = originals.get(which).clone();
        if (random.nextInt(2) == 0) { // the tree stays sound, what it says does not
            for (int times = 1 + random.nextInt(3); times > 0; times--) {
                putWord(ByteBuffer.wrap(blob), pick(values.get(which), random), anyWord(random));
            }
            return blob;
        }
        for (int times = 1 + random.nextInt(8) / 7; times > 0; times--) {
            blob = damagedOnce(blob, random);
        }
        return blob;
    }

    /** Returns the offsets of all cells of all properties. */
    private static List<Integer> cellOffsets(byte[] blob) {
        List<Integer> offsets = new ArrayList<>();
        for (FdtNode node : Fdt.parse(blob, "").nodes()) {
            for (FdtProperty property : node.properties()) {
                for (int cell = 0; cell < property.cells(); cell++) {
                    offsets.add(property.offset() + 4 * cell);
                }
            }
        }
        return offsets;
    }

    private static int pick(List<Integer> from, Random random) {
        return from.get(random.nextInt(from.size()));
    }

    private static byte[] damagedOnce(byte[] blob, Random random) {
        if (blob.length == 0) {
            return blob;
        }
        ByteBuffer words = ByteBuffer.wrap(blob);
        switch (random.nextInt(7)) {
            case 0 -> {
                return Arrays.copyOf(blob, random.nextInt(blob.length));
            }
            case 1 -> { // truncated, and the header says so
                byte[] cut = Arrays.copyOf(blob, Math.max(8, random.nextInt(blob.length + 1)));
                ByteBuffer.wrap(cut).putInt(4, cut.length);
                return cut;
            }
            case 2 -> flipBits(blob, random);
            case 3 -> putWord(words, 4 * random.nextInt(HEADER_WORDS), anyWord(random));
            case 4 -> putWord(words, 4 * random.nextInt(1 + blob.length / 4), anyWord(random));
            case 5 -> { // a block of noise
                byte[] noise = new byte[1 + random.nextInt(64)];
                random.nextBytes(noise);
                int length = Math.min(noise.length, blob.length);
                System.arraycopy(noise, 0, blob, random.nextInt(blob.length - length + 1), length);
            }
            default -> { // a block from elsewhere in the tree, on word boundaries
                int length = Math.min(4 * (1 + random.nextInt(64)), blob.length & -4);
                int places = (blob.length - length) / 4 + 1;
                System.arraycopy(blob, 4 * random.nextInt(places), blob, 4 * random.nextInt(places), length);
            }
        }
        return blob;
    }

    private static void flipBits(byte[] blob, Random random) {
        for (int flips = 1 + random.nextInt(8); flips > 0; flips--) {
            blob[random.nextInt(blob.length)] ^= (byte) (1 << random.nextInt(8));
        }
    }

    private static void putWord(ByteBuffer words, int at, int word) {
        if (at + 4 <= words.capacity()) {
            words.putInt(at, word);
        }
    }

    /** Any word, or one of those that are more likely to get past a check. */
    private static int anyWord(Random random) {
        return switch (random.nextInt(4)) {
            case 0 -> random.nextInt();
            case 1 -> random.nextInt(20);
            case 2 -> random.nextInt(1 << 14);
            default -> -1 >>> random.nextInt(32);
        };
    }

    private static void checkSound(MachineDescription machine) {
        assertThat(machine.cpus()).hasSizeBetween(1, MachineDescription.MAX_CPUS);
        assertThat(machine.bootCpu()).isSameAs(machine.cpus().get(0));
        Set<Long> affinities = new HashSet<>();
        for (Cpu cpu : machine.cpus()) {
            assertThat(cpu.mpidrAffinity() & ~Cpu.AFFINITY_MASK).isZero();
            assertThat(affinities.add(cpu.mpidrAffinity())).isTrue();
        }
        checkSound(machine.gic(), machine.cpus().size());
        Set<Integer> ppis = new TreeSet<>(List.of(
                machine.gic().maintenanceIrq(), machine.hypTimerPpi(), machine.virtTimerPpi(), machine.physTimerPpi()));
        assertThat(ppis).hasSize(4).allMatch(ppi -> ppi >= 16 && ppi <= 31);
        for (Device device : machine.devices()) {
            assertThat(device.path()).startsWith("/");
            assertThat(device.interrupts()).isNotEmpty();
            for (Irq irq : device.interrupts()) {
                assertThat(irq.intid()).isBetween(16, 1019);
            }
            device.base().ifPresent(base -> assertThat(base).isBetween(0L, (1L << 52) - 1));
        }
        machine.console().ifPresent(console -> assertThat(machine.devices()).contains(console));
        assertThat(machine.spis()).doesNotHaveDuplicates().isSorted();
    }

    private static void checkSound(Gic gic, int cpus) {
        assertThat(gic.capacity()).isGreaterThanOrEqualTo(cpus);
        assertThat(gic.redistBytes()).isBetween(0x20000L, 16L << 20);
        Region dist = new Region(gic.distBase(), gic.distSize());
        checkFrames(dist);
        Region before = null;
        for (Region region : gic.redistRegions()) {
            checkFrames(region);
            assertThat(region.overlaps(dist)).isFalse();
            assertThat(before == null || before.end() <= region.base()).isTrue();
            before = region;
        }
    }

    private static void checkFrames(Region region) {
        assertThat(region.base()).isNotNegative();
        assertThat(region.base() % 0x10000).isZero();
        assertThat(region.size()).isGreaterThanOrEqualTo(0x10000);
        assertThat(region.end()).isLessThanOrEqualTo(1L << 52);
    }
}
