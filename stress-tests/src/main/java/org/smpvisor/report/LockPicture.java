package org.smpvisor.report;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import org.smpvisor.lock.LockClass;
import org.smpvisor.lock.LockContext;
import org.smpvisor.lock.LockCycle;
import org.smpvisor.lock.LockEdge;
import org.smpvisor.lock.LockRecord;

/**
 * The order of locks that was seen, drawn over the one that is declared, as SVG: outer classes above, the thickness of an edge
 * growing with how often it was seen, its colour telling how interrupts stood. Compositions are left out.
 */
public final class LockPicture {
    private static final int BOX_HEIGHT = 62;
    private static final int LAYER = 150;
    private static final int MARGIN = 40;
    private static final int TOP = 96;
    private static final int LEGEND = 184;
    private static final int SIDE = 60;
    private static final String MASKED = "#2b6cb0";
    private static final String HARD = "#8a3ab9";
    private static final String OPEN = "#2f855a";
    private static final String BAD = "#d32f2f";
    private static final String ACCEPTED = "#c77700";
    private static final String UNSEEN = "#a8b0ba";

    private record Line(LockClass outer, LockClass inner, String color, double width, String dash, String label) {}

    private final LockStudy study;
    private final LockLayers layers;
    private final List<Line> lines = new ArrayList<>();
    private final StringBuilder svg = new StringBuilder();
    private int upward;

    public LockPicture(LockStudy study) {
        this.study = study;
        collect();
        this.layers = new LockLayers(
                lines.stream().map(l -> List.of(l.outer(), l.inner())).toList());
    }

    // ---- what to draw -----------------------------------------------------------------------------------------------

    private void collect() {
        for (LockClass inner : LockClass.values()) {
            for (LockClass outer : inner.inside()) {
                if (study.pairs().stream().noneMatch(p -> p.outer() == outer && p.inner() == inner)) {
                    lines.add(new Line(outer, inner, UNSEEN, 1.2, "3 4", ""));
                }
            }
        }
        for (LockStudy.Pair p : study.pairs()) {
            if (p.standing() != LockStudy.Standing.COMPOSED && p.outer() != p.inner()) {
                lines.add(seen(p));
            }
        }
        Set<String> drawn = new LinkedHashSet<>();
        for (LockCycle c : study.locks().cycles()) {
            for (LockEdge e : c.edges()) {
                if (c.standing() == LockCycle.Standing.DEADLOCK
                        && e.kind() == LockEdge.Kind.INTERRUPTED
                        && e.inner() != null
                        && e.inner() != e.outer()
                        && drawn.add(e.arrow())) {
                    lines.add(new Line(e.outer(), e.inner(), BAD, 2, "7 4", "interrupt"));
                }
            }
        }
    }

    private static Line seen(LockStudy.Pair p) {
        boolean inversion =
                LockClass.inversions().stream().anyMatch(i -> i.outer() == p.outer() && i.inner() == p.inner());
        boolean bad = p.standing() == LockStudy.Standing.FORBIDDEN || p.standing() == LockStudy.Standing.NOT_IN_TABLE;
        String color = bad ? BAD : inversion ? ACCEPTED : color(p);
        double width = 1.4 + 0.55 * Math.log10(Math.max(1, p.count()));
        return new Line(p.outer(), p.inner(), color, width, inversion ? "7 4" : "", brief(p.count()));
    }

    private static String color(LockStudy.Pair p) {
        boolean hard = p.edges().stream().flatMap(e -> e.contexts().stream()).anyMatch(LockContext::isHard);
        boolean open = p.edges().stream().flatMap(e -> e.contexts().stream()).anyMatch(LockContext::isOpen);
        return hard ? HARD : open ? OPEN : MASKED;
    }

    static String brief(long n) {
        if (n < 1_000) {
            return Long.toString(n);
        }
        return n < 1_000_000
                ? String.format(Locale.ROOT, n < 10_000 ? "%.1fk" : "%.0fk", n / 1e3)
                : String.format(Locale.ROOT, n < 10_000_000 ? "%.1fM" : "%.0fM", n / 1e6);
    }

    // ---- drawing ----------------------------------------------------------------------------------------------------

    /** The picture as text. */
    public String text() {
        double dx = MARGIN + SIDE - layers.left();
        double width = layers.right() - layers.left() + 2 * (MARGIN + SIDE);
        double height = TOP + (layers.height() - 1) * LAYER + BOX_HEIGHT + LEGEND;
        svg.append(String.format(
                Locale.ROOT,
                "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %.0f %.0f\" width=\"%.0f\" height=\"%.0f\""
                        + " font-family=\"Helvetica, Arial, sans-serif\">%n",
                width,
                height,
                width,
                height));
        svg.append("<rect width=\"100%\" height=\"100%\" fill=\"#ffffff\"/>\n");
        markers();
        title();
        svg.append(String.format(Locale.ROOT, "<g transform=\"translate(%.1f %d)\">%n", dx, TOP));
        List<String> labels = new ArrayList<>();
        List<Line> against = new ArrayList<>();
        for (Line l : lines) {
            LockLayers.Route r = routeOf(l);
            if (r != null) {
                down(l, r, labels);
            } else {
                against.add(l);
            }
        }
        against.sort(Comparator.comparingInt(l -> layers.box(l.outer()).layer - layers.box(l.inner()).layer));
        against.forEach(l -> up(l, labels));
        for (LockClass c : LockClass.values()) {
            box(c);
        }
        labels.forEach(svg::append);
        svg.append("</g>\n");
        legend(height - LEGEND + 46, width);
        return svg.append("</svg>\n").toString();
    }

    private void markers() {
        svg.append("<defs>\n");
        for (String c : List.of(MASKED, HARD, OPEN, BAD, ACCEPTED, UNSEEN)) {
            svg.append("<marker id=\"a").append(c.substring(1));
            svg.append("\" viewBox=\"0 0 10 10\" refX=\"9\" refY=\"5\" markerWidth=\"11\" markerHeight=\"11\"");
            svg.append(" markerUnits=\"userSpaceOnUse\" orient=\"auto\"><path d=\"M0 1 L10 5 L0 9 z\" fill=\"");
            svg.append(c).append("\"/></marker>\n");
        }
        svg.append("</defs>\n");
    }

    private void title() {
        String runs = study.runs().size() == 1
                ? study.runs().get(0).source()
                : study.runs().size() + " scenarios, seed "
                        + study.runs().get(0).seed();
        write(MARGIN, 38, 20, "#1a202c", "bold", "start", "Order of locks: what was seen, over what is declared");
        write(MARGIN, 62, 13, "#4a5568", "normal", "start", runs + ". " + new LockText(study).conclusion());
    }

    private LockLayers.Route routeOf(Line l) {
        return layers.routes().stream()
                .filter(r -> r.outer() == l.outer() && r.inner() == l.inner())
                .findFirst()
                .orElse(null);
    }

    /** Where an edge leaves or enters a box: its edges share the side, in the order in which they go on. */
    private double port(LockClass c, LockLayers.Node next, boolean leaving) {
        List<LockLayers.Node> all = layers.routes().stream()
                .filter(r -> (leaving ? r.outer() : r.inner()) == c)
                .map(r -> leaving ? r.nodes().get(1) : r.nodes().get(r.nodes().size() - 2))
                .sorted(Comparator.comparingDouble(n -> n.x))
                .toList();
        double share = (LockLayers.BOX_WIDTH - 24.0) / all.size();
        return layers.box(c).x - (LockLayers.BOX_WIDTH - 24.0) / 2 + (all.indexOf(next) + 0.5) * share;
    }

    private void down(Line l, LockLayers.Route r, List<String> labels) {
        List<LockLayers.Node> n = r.nodes();
        double x = port(l.outer(), n.get(1), true);
        double y = n.get(0).layer * LAYER + BOX_HEIGHT;
        StringBuilder d = new StringBuilder(String.format(Locale.ROOT, "M%.1f %.1f", x, y));
        for (int i = 1; i < n.size(); i++) {
            boolean last = i == n.size() - 1;
            double toX = last ? port(l.inner(), n.get(i - 1), false) : n.get(i).x;
            double toY = n.get(i).layer * LAYER;
            double bend = (toY - y) * 0.5;
            d.append(String.format(
                    Locale.ROOT, " C%.1f %.1f %.1f %.1f %.1f %.1f", x, y + bend, toX, toY - bend, toX, toY));
            if (i == 1) {
                labels.add(label(l, (x + toX) / 2, (y + toY) / 2));
            }
            x = toX;
            y = toY;
            if (!last) {
                y += BOX_HEIGHT;
                d.append(String.format(Locale.ROOT, " L%.1f %.1f", x, y));
            }
        }
        path(l, d.toString());
    }

    /** An edge against the order goes round the outside, where that is nearer. */
    private void up(Line l, List<String> labels) {
        LockLayers.Node from = layers.box(l.outer());
        LockLayers.Node to = layers.box(l.inner());
        double right = extent(to.layer, from.layer, 1);
        double left = extent(to.layer, from.layer, -1);
        double middle = (from.x + to.x) / 2;
        int side = right - middle <= middle - left ? 1 : -1;
        double reach = (side > 0 ? right : left) + side * (38 + 40 * upward++);
        double x1 = from.x + side * LockLayers.BOX_WIDTH / 2.0;
        double x2 = to.x + side * LockLayers.BOX_WIDTH / 2.0;
        double y1 = from.layer * LAYER + BOX_HEIGHT / 2.0 - 20 + 8 * upward;
        double y2 = to.layer * LAYER + BOX_HEIGHT / 2.0 + 8;
        double far = (reach - (x1 + x2) / 8) / 0.75; // the curve comes three quarters of the way to its handles
        path(
                l,
                String.format(
                        Locale.ROOT, "M%.1f %.1f C%.1f %.1f %.1f %.1f %.1f %.1f", x1, y1, far, y1, far, y2, x2, y2));
        labels.add(label(l, reach, (y1 + y2) / 2));
    }

    /** How far the boxes of these layers reach to one side. */
    private double extent(int top, int bottom, int side) {
        return side
                * Arrays.stream(LockClass.values())
                        .map(layers::box)
                        .filter(n -> n.layer >= top && n.layer <= bottom)
                        .mapToDouble(n -> side * n.x + LockLayers.BOX_WIDTH / 2.0)
                        .max()
                        .orElse(0);
    }

    private void path(Line l, String d) {
        svg.append(String.format(
                Locale.ROOT,
                "<path d=\"%s\" fill=\"none\" stroke=\"%s\" stroke-width=\"%.1f\"%s marker-end=\"url(#a%s)\"><title>%s -&gt;"
                        + " %s</title></path>%n",
                d,
                l.color(),
                l.width(),
                l.dash().isEmpty() ? "" : " stroke-dasharray=\"" + l.dash() + "\"",
                l.color().substring(1),
                l.outer(),
                l.inner()));
    }

    private static String label(Line l, double x, double y) {
        return l.label().isEmpty()
                ? ""
                : String.format(
                        Locale.ROOT,
                        "<text x=\"%.1f\" y=\"%.1f\" font-size=\"12\" text-anchor=\"middle\" fill=\"%s\" stroke=\"#ffffff\""
                                + " stroke-width=\"4\" paint-order=\"stroke\">%s</text>%n",
                        x,
                        y + 4,
                        l.color(),
                        l.label());
    }

    private void box(LockClass c) {
        LockRecord.Use u = study.locks().uses().get(c.ordinal());
        boolean used = u.acquisitions() > 0;
        LockLayers.Node n = layers.box(c);
        double x = n.x - LockLayers.BOX_WIDTH / 2.0;
        double y = n.layer * LAYER;
        boolean safe = u.taken().keySet().stream().anyMatch(LockContext::isHard);
        boolean open = u.taken().keySet().stream().anyMatch(LockContext::isOpen);
        String edge = !used ? UNSEEN : safe && open ? BAD : safe ? HARD : open ? OPEN : MASKED;
        svg.append(String.format(
                Locale.ROOT,
                "<rect x=\"%.1f\" y=\"%.1f\" width=\"%d\" height=\"%d\" rx=\"7\" fill=\"%s\" stroke=\"%s\""
                        + " stroke-width=\"2\"%s/>%n",
                x,
                y,
                LockLayers.BOX_WIDTH,
                BOX_HEIGHT,
                used ? "#f7fafc" : "#ffffff",
                edge,
                used ? "" : " stroke-dasharray=\"4 4\""));
        String dim = used ? "#1a202c" : "#8a94a0";
        write(n.x, y + 21, 14, dim, "bold", "middle", c.name());
        write(n.x, y + 37, 11, used ? "#4a5568" : "#8a94a0", "normal", "middle", c.xenName());
        write(n.x, y + 53, 11, dim, "normal", "middle", used ? taken(c, u) : "not taken");
    }

    private String taken(LockClass c, LockRecord.Use u) {
        boolean nested = study.pairs().stream().anyMatch(p -> p.outer() == c && p.inner() == c);
        String waits = u.contended() == 0
                ? ""
                : String.format(Locale.ROOT, ", %.1f%% waited", 100.0 * u.contended() / u.acquisitions());
        return brief(u.acquisitions()) + " taken" + waits + (nested ? " \u2191" : "");
    }

    private void legend(double y, double width) {
        svg.append(String.format(
                Locale.ROOT,
                "<rect x=\"%d\" y=\"%.1f\" width=\"%.1f\" height=\"120\" rx=\"6\" fill=\"#fbfcfd\" stroke=\"#d5dbe1\"/>%n",
                MARGIN,
                y - 24,
                width - 2.0 * MARGIN));
        String[][] edges = {
            {MASKED, "", "inner lock taken with interrupts masked"},
            {HARD, "", "also in a hard interrupt"},
            {OPEN, "", "also with interrupts open"},
            {UNSEEN, "3 4", "declared, not seen"},
            {ACCEPTED, "7 4", "accepted inversion"},
            {BAD, "7 4", "broken rule, or deadlock through an interrupt"}
        };
        double column = (width - 2.0 * MARGIN - 40) / 3;
        for (int i = 0; i < edges.length; i++) {
            double x = MARGIN + 20 + i % 3 * column;
            double at = y + i / 3 * 24;
            svg.append(String.format(
                    Locale.ROOT,
                    "<path d=\"M%.1f %.1f h40\" stroke=\"%s\" stroke-width=\"2.4\"%s marker-end=\"url(#a%s)\"/>%n",
                    x,
                    at,
                    edges[i][0],
                    edges[i][1].isEmpty() ? "" : " stroke-dasharray=\"" + edges[i][1] + "\"",
                    edges[i][0].substring(1)));
            write(x + 50, at + 4, 12, "#2d3748", "normal", "start", edges[i][2]);
        }
        note(
                y + 52,
                "Outer locks stand above. A number says how often the inner lock was taken inside the outer, the"
                        + " thickness its logarithm.");
        note(
                y + 69,
                "The frame of a box tells of the class what the colour of an edge tells of it. Nestings that are made of"
                        + " others are left out.");
        note(y + 86, "\u2191 two locks of the class are held at once, in ascending order.");
    }

    private void note(double y, String text) {
        write(MARGIN + 20, y, 12, "#4a5568", "normal", "start", text);
    }

    private void write(double x, double y, int size, String color, String weight, String anchor, String text) {
        svg.append(String.format(
                Locale.ROOT,
                "<text x=\"%.1f\" y=\"%.1f\" font-size=\"%d\" fill=\"%s\" font-weight=\"%s\" text-anchor=\"%s\">%s</text>%n",
                x,
                y,
                size,
                color,
                weight,
                anchor,
                text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")));
    }
}
