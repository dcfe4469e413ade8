package org.smpvisor.machine;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Builds flattened device trees for tests, sound ones and, on request, wrong ones. A test takes {@link #board()},
 * changes the one property that it is about, and writes the blob.
 */
final class FdtWriter {
    private static final int GIC_PHANDLE = 1;

    private final String name;
    private final Map<String, byte[]> properties = new LinkedHashMap<>();
    private final List<FdtWriter> children = new ArrayList<>();

    FdtWriter(String name) {
        this.name = name;
    }

    /**
     * Returns a small sound machine: 2 CPUs, a GICv3 with one redistributor region for 8, the timer, a UART (SPI 33
     * level) that is the console, and a block device (SPI 40 edge), at two cells for addresses and sizes.
     */
    static FdtWriter board() {
        FdtWriter root = new FdtWriter("");
        root.cells("#address-cells", 2).cells("#size-cells", 2).cells("interrupt-parent", GIC_PHANDLE);
        FdtWriter cpus = root.add("cpus").cells("#address-cells", 1).cells("#size-cells", 0);
        cpus.add("cpu@0").strings("device_type", "cpu").cells("reg", 0);
        cpus.add("cpu@1").strings("device_type", "cpu").cells("reg", 1);
        root.add("intc@8000000")
                .strings("compatible", "arm,gic-v3")
                .cells("phandle", GIC_PHANDLE)
                .cells("interrupt-controller")
                .cells("#interrupt-cells", 3)
                .cells("interrupts", 1, 9, 4)
                .cells("reg", 0, 0x8000000, 0, 0x10000, 0, 0x80a0000, 0, 0x100000);
        root.add("timer")
                .strings("compatible", "arm,armv8-timer")
                .cells("interrupts", 1, 13, 4, 1, 14, 4, 1, 11, 4, 1, 10, 4);
        root.add("uart@9000000")
                .strings("compatible", "arm,pl011", "arm,primecell")
                .cells("interrupts", 0, 1, 4)
                .cells("reg", 0, 0x9000000, 0, 0x1000);
        root.add("disk@a000000")
                .strings("compatible", "virtio,mmio")
                .cells("interrupts", 0, 8, 1)
                .cells("reg", 0, 0xa000000, 0, 0x200);
        root.add("chosen").strings("stdout-path", "/uart@9000000");
        return root;
    }

    /** Adds a child node and returns the child. */
    FdtWriter add(String child) {
        FdtWriter node = new FdtWriter(child);
        children.add(node);
        return node;
    }

    /** Returns the child at a relative path ({@code cpus/cpu@0}), which must exist. */
    FdtWriter at(String path) {
        FdtWriter node = this;
        for (String part : path.split("/", -1)) {
            node = node.children.stream()
                    .filter(child -> child.name.equals(part))
                    .findFirst()
                    .orElseThrow();
        }
        return node;
    }

    /** Sets a property to 32-bit cells (to nothing without any) and returns this. */
    FdtWriter cells(String property, int... values) {
        ByteBuffer bytes = ByteBuffer.allocate(4 * values.length);
        for (int value : values) {
            bytes.putInt(value);
        }
        return bytes(property, bytes.array());
    }

    /** Sets a property to NUL-terminated strings and returns this. */
    FdtWriter strings(String property, String... values) {
        return bytes(property, (String.join("\0", values) + "\0").getBytes(StandardCharsets.ISO_8859_1));
    }

    /** Sets a property to any bytes and returns this. */
    FdtWriter bytes(String property, byte... value) {
        properties.put(property, value);
        return this;
    }

    /** Takes a property away and returns this. */
    FdtWriter without(String property) {
        properties.remove(property);
        return this;
    }

    /** Takes a direct child away and returns this. */
    FdtWriter withoutChild(String child) {
        children.removeIf(node -> node.name.equals(child));
        return this;
    }

    /** Returns the blob in format version 17, this node as the root. */
    byte[] blob() {
        return blob(17);
    }

    /** Returns the blob in format version 16 or 17. */
    byte[] blob(int version) {
        ByteArrayOutputStream structure = new ByteArrayOutputStream();
        ByteArrayOutputStream strings = new ByteArrayOutputStream();
        write(structure, strings, new LinkedHashMap<>());
        word(structure, 9);
        int header = version == 16 ? 36 : 40;
        int reservations = (header + 7) & -8;
        int structureAt = reservations + 16;
        int stringsAt = structureAt + structure.size();
        ByteBuffer blob = ByteBuffer.allocate(stringsAt + strings.size());
        blob.putInt(FdtHeader.MAGIC)
                .putInt(blob.capacity())
                .putInt(structureAt)
                .putInt(stringsAt)
                .putInt(reservations)
                .putInt(version)
                .putInt(16)
                .putInt(0)
                .putInt(strings.size());
        if (version > 16) {
            blob.putInt(structure.size());
        }
        blob.position(structureAt);
        blob.put(structure.toByteArray()).put(strings.toByteArray());
        return blob.array();
    }

    private void write(ByteArrayOutputStream structure, ByteArrayOutputStream strings, Map<String, Integer> names) {
        word(structure, 1);
        structure.writeBytes((name + "\0").getBytes(StandardCharsets.ISO_8859_1));
        pad(structure);
        properties.forEach((property, value) -> {
            Integer at = names.get(property);
            if (at == null) {
                at = strings.size();
                names.put(property, at);
                strings.writeBytes((property + "\0").getBytes(StandardCharsets.ISO_8859_1));
            }
            word(structure, 3);
            word(structure, value.length);
            word(structure, at);
            structure.writeBytes(value);
            pad(structure);
        });
        children.forEach(child -> child.write(structure, strings, names));
        word(structure, 2);
    }

    private static void word(ByteArrayOutputStream out, int value) {
        out.writeBytes(ByteBuffer.allocate(4).putInt(value).array());
    }

    private static void pad(ByteArrayOutputStream out) {
        while (out.size() % 4 != 0) {
            out.write(0);
        }
    }
}
