package org.smpvisor.machine;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;

/**
 * The checked header of a flattened device tree: where its two blocks lie. All four are byte offsets within the input,
 * ends exclusive. Source: Devicetree Specification, chapter 5 (DTB format), versions 16 and 17.
 *
 * @param structure start of the structure block, a multiple of 4
 * @param structureEnd its end; for version 16, which does not record it, the end of the tree
 * @param strings start of the strings block
 * @param stringsEnd its end
 */
record FdtHeader(int structure, int structureEnd, int strings, int stringsEnd) {
    static final int MAGIC = 0xd00dfeed;

    private static final int TOTALSIZE = 4;
    private static final int OFF_DT_STRUCT = 8;
    private static final int OFF_DT_STRINGS = 12;
    private static final int OFF_MEM_RSVMAP = 16;
    private static final int VERSION = 20;
    private static final int LAST_COMP_VERSION = 24;
    private static final int SIZE_DT_STRINGS = 32;
    private static final int SIZE_DT_STRUCT = 36;
    private static final int BYTES_V16 = 36;
    private static final int BYTES_V17 = 40;

    /**
     * Reads and checks the header.
     *
     * @throws DeviceTreeException if this is no device tree, one of another version, truncated, larger than
     *     {@link Fdt#MAX_BYTES}, or has a block outside of it
     */
    static FdtHeader read(byte[] blob, String input) {
        if (blob.length > Fdt.MAX_BYTES) {
            throw file(input, "is larger than " + (Fdt.MAX_BYTES >> 20) + " MiB, the limit for a device tree");
        }
        if (blob.length == 0) {
            throw file(input, "is empty; give a device tree blob (.dtb)");
        }
        ByteBuffer bytes = ByteBuffer.wrap(blob);
        if (blob.length < 4 || bytes.getInt(0) != MAGIC) {
            throw file(input, notATree(blob));
        }
        if (blob.length < BYTES_V16) {
            throw file(input, "is " + blob.length + " bytes, shorter than a device tree header; it is truncated");
        }
        long version = u32(bytes, VERSION);
        long lastCompatible = u32(bytes, LAST_COMP_VERSION);
        if (version < 16 || lastCompatible > 17) {
            throw header(
                    input,
                    VERSION,
                    "format version " + version + " (compatible back to " + lastCompatible
                            + "), this build reads 16 and 17; convert it with 'dtc -I dtb -O dtb -V 17'");
        }
        int headerBytes = version == 16 ? BYTES_V16 : BYTES_V17;
        long total = u32(bytes, TOTALSIZE);
        if (total < headerBytes) {
            throw header(
                    input, TOTALSIZE, "total size " + total + " is less than the header's " + headerBytes + " bytes");
        }
        if (total > blob.length) {
            throw header(
                    input,
                    TOTALSIZE,
                    "total size is " + total + " bytes, but the file has " + blob.length
                            + "; it is truncated, copy or build it again");
        }
        long structure = u32(bytes, OFF_DT_STRUCT);
        if (structure % 4 != 0) {
            throw header(input, OFF_DT_STRUCT, "structure block at " + hex(structure) + ", not a multiple of 4");
        }
        long structureSize = version == 16 ? Math.max(0, total - structure) : u32(bytes, SIZE_DT_STRUCT);
        long strings = u32(bytes, OFF_DT_STRINGS);
        long stringsSize = u32(bytes, SIZE_DT_STRINGS);
        inside(input, OFF_DT_STRUCT, "structure", structure, structureSize, headerBytes, total);
        inside(input, OFF_DT_STRINGS, "strings", strings, stringsSize, headerBytes, total);
        inside(input, OFF_MEM_RSVMAP, "memory reservation", u32(bytes, OFF_MEM_RSVMAP), 0, headerBytes, total);
        return new FdtHeader(
                (int) structure, (int) (structure + structureSize), (int) strings, (int) (strings + stringsSize));
    }

    private static void inside(
            String input, int field, String block, long start, long size, int headerBytes, long total) {
        if (start < headerBytes || start + size > total) {
            throw header(
                    input,
                    field,
                    block + " block " + hex(start) + ".." + hex(start + size)
                            + " does not lie between header and end of the tree (" + hex(headerBytes) + ".."
                            + hex(total) + ")");
        }
    }

    /** Says what a file that is no device tree most likely is. */
    private static String notATree(byte[] blob) {
        if (starts(blob, 0xed, 0xfe, 0x0d, 0xd0)) {
            return "is a device tree with its bytes swapped; a device tree is big-endian, build it again with dtc";
        }
        if (starts(blob, 0x1f, 0x8b)) {
            return "is gzip compressed; unpack it first (gunzip)";
        }
        if (starts(blob, 0xfd, '7', 'z', 'X', 'Z')) {
            return "is xz compressed; unpack it first (unxz)";
        }
        if (starts(blob, 0x28, 0xb5, 0x2f, 0xfd)) {
            return "is zstd compressed; unpack it first (unzstd)";
        }
        if (starts(blob, 0x7f, 'E', 'L', 'F')) {
            return "is an ELF file, not a device tree; give a device tree blob (.dtb)";
        }
        if (starts(blob, 0xd7, 0xb7, 0xab, 0x1e)) {
            return "is an Android table of device trees; take one tree out of it first";
        }
        String text = printableStart(blob);
        if (text != null && (text.contains("/dts-v1/") || text.contains("/ {") || text.contains("/{"))) {
            return "is device tree source text; compile it with dtc: 'dtc -I dts -O dtb -o tree.dtb FILE'";
        }
        if (text != null) {
            return "is text, not a device tree; if it is device tree source, compile it with dtc";
        }
        StringBuilder magic = new StringBuilder();
        for (int i = 0; i < Math.min(4, blob.length); i++) {
            magic.append(String.format("%02x", blob[i] & 0xff));
        }
        return "is not a device tree: it starts with " + magic + ", not d00dfeed; give a device tree blob (.dtb)";
    }

    private static boolean starts(byte[] blob, int... magic) {
        if (blob.length < magic.length) {
            return false;
        }
        for (int i = 0; i < magic.length; i++) {
            if ((blob[i] & 0xff) != magic[i]) {
                return false;
            }
        }
        return true;
    }

    /** Returns the first KiB (comments often come first), or null if it holds anything but text. */
    private static String printableStart(byte[] blob) {
        int length = Math.min(blob.length, 1024);
        for (int i = 0; i < length; i++) {
            int c = blob[i] & 0xff;
            if (c < 0x20 && c != '\n' && c != '\r' && c != '\t' && c != '\f') {
                return null;
            }
        }
        return new String(blob, 0, length, StandardCharsets.ISO_8859_1);
    }

    private static long u32(ByteBuffer bytes, int at) {
        return bytes.getInt(at) & 0xffffffffL;
    }

    private static String hex(long value) {
        return "0x" + Long.toHexString(value);
    }

    private static DeviceTreeException file(String input, String problem) {
        return new DeviceTreeException(input, DeviceTreeException.FILE, 0, problem);
    }

    private static DeviceTreeException header(String input, int field, String problem) {
        return new DeviceTreeException(input, DeviceTreeException.HEADER, field, problem);
    }
}
