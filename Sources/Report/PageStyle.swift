// The style sheet of every page: light, dark, print, phone.

/// The style sheet.
///
/// Chart texts are sized in the units of their drawing: 12 of 360 for charts, which are never drawn narrower than 330
/// pixels, and larger on narrow pages for maps, so that no text is smaller than 11 pixels.
enum PageStyle {
  static let sheet: StaticString = """
    :root{color-scheme:light dark;--bg:#fff;--fg:#1b2430;--muted:#566273;--rule:#dfe4ea;--panel:#f5f7f9;
    --c0:#0072b2;--c1:#d55e00;--c2:#00896a;--c3:#a8438a;--c4:#a67c00;--c5:#2f93cc;--c6:#6b7280;--grey:#a3abb6}
    @media screen and (prefers-color-scheme:dark){:root{--bg:#14181d;--fg:#e4e8ee;--muted:#a0abb9;--rule:#313944;
    --panel:#1c2229;--c0:#5aaeea;--c1:#ff8b52;--c2:#35c79b;--c3:#e394c9;--c4:#e0c04a;--c5:#9ad6f7;--c6:#aab2bd;
    --grey:#6a7482}}
    *{box-sizing:border-box}
    html{-webkit-text-size-adjust:100%;text-size-adjust:100%}
    body{margin:0;background:var(--bg);color:var(--fg);
    font:16px/1.5 system-ui,-apple-system,"Segoe UI",Roboto,"Noto Sans","Liberation Sans",sans-serif}
    main{max-width:1240px;margin:0 auto;padding:24px 20px 40px}
    h1{font-size:1.9rem;line-height:1.2;margin:0 0 .3rem;overflow-wrap:anywhere}
    h2{font-size:1.35rem;line-height:1.25;margin:2.6rem 0 .6rem;padding-top:.9rem;border-top:1px solid var(--rule)}
    h3{font-size:1.05rem;margin:1.6rem 0 .5rem}
    p{margin:.5rem 0;max-width:75ch;overflow-wrap:break-word}
    .lead{color:var(--muted)}
    .note,small,.hint{color:var(--muted)}
    small{display:block;font-size:.8rem;font-weight:400;white-space:nowrap}
    .hint{font-size:.92rem}
    .summary{max-width:80ch;padding-left:1.2rem;margin:1rem 0}
    .summary li{margin:.35rem 0}
    .figures{display:grid;grid-template-columns:repeat(auto-fill,minmax(150px,1fr));gap:10px;margin:1.2rem 0}
    .figures div{background:var(--panel);border:1px solid var(--rule);border-radius:8px;padding:10px 12px;
    display:flex;flex-direction:column-reverse;justify-content:flex-end}
    .figures dd{margin:0;font-size:1.4rem;font-weight:600;line-height:1.2;font-variant-numeric:tabular-nums}
    .figures dt{color:var(--muted);font-size:.85rem;line-height:1.3}
    nav{display:flex;flex-wrap:wrap;gap:4px 16px;margin-top:1rem;font-size:.95rem}
    a{color:var(--c0)}
    .grid{display:grid;grid-template-columns:repeat(auto-fill,minmax(min(100%,340px),1fr));gap:22px 26px;margin:1rem 0;
    align-items:start}
    .maps{display:grid;grid-template-columns:repeat(auto-fill,minmax(min(100%,440px),1fr));gap:22px;margin:1rem 0}
    .names{columns:2;column-gap:2rem;padding-left:1.3rem;margin:.5rem 0}
    figure{margin:0;min-width:0;break-inside:avoid}
    .chart{max-width:440px}
    .map{max-width:600px}
    figcaption{font-size:.92rem;line-height:1.35;margin-bottom:4px}
    figcaption .note{display:block;font-size:.86rem}
    .legend{display:flex;flex-wrap:wrap;gap:2px 14px;font-size:.85rem;margin-bottom:2px}
    .legend span{display:inline-flex;align-items:center;gap:5px}
    .legend svg{width:28px;height:12px;flex:none}
    figure>svg{display:block;width:100%;height:auto;overflow:visible}
    .map>svg{background:var(--panel);border:1px solid var(--rule);border-radius:8px;overflow:hidden}
    svg text{fill:var(--fg);font-size:12px;font-variant-numeric:tabular-nums}
    .rule{stroke:var(--rule);stroke-width:1}
    .axis{stroke:var(--muted);stroke-width:1;fill:none}
    .marker{stroke:var(--muted);stroke-width:1;stroke-dasharray:3 3}
    .line{fill:none;stroke:var(--k);stroke-width:1.8;stroke-linejoin:round}
    .band{fill:var(--k);opacity:.18}
    .bar{fill:var(--k);opacity:.85}
    .mark,.points{fill:var(--k)}
    .points{stroke:var(--panel);stroke-width:.5}
    .dots{fill:none;stroke:var(--k);stroke-width:3;stroke-linecap:round;opacity:.35}
    .see{opacity:.7}
    .whisker{stroke:var(--k,var(--fg));stroke-width:1.4;fill:none}
    svg text.name{fill:var(--muted)}
    svg text.heading{font-weight:600}
    svg text{paint-order:stroke;stroke:var(--bg);stroke-width:2.5px;stroke-linejoin:round}
    svg text.inside{fill:var(--bg);stroke:none}
    svg text.centre{font-size:13px;font-weight:700;stroke:var(--panel);stroke-width:4px;paint-order:stroke;
    pointer-events:none}
    .c0{--k:var(--c0)}.c1{--k:var(--c1)}.c2{--k:var(--c2)}.c3{--k:var(--c3)}.c4{--k:var(--c4)}.c5{--k:var(--c5)}
    .c6{--k:var(--c6)}.grey{--k:var(--grey)}
    .d1{stroke-dasharray:7 3}.d2{stroke-dasharray:2 3}.d3{stroke-dasharray:8 3 2 3}
    .scroll{overflow-x:auto;margin:.8rem 0;max-width:100%}
    thead th:first-child,tbody th{position:sticky;left:0;background:var(--bg)}
    table{border-collapse:collapse;font-size:.92rem;font-variant-numeric:tabular-nums}
    th,td{padding:5px 12px 5px 0;text-align:left;vertical-align:top;border-bottom:1px solid var(--rule)}
    th:last-child,td:last-child{padding-right:2px}
    thead th{color:var(--muted);font-weight:600;vertical-align:bottom;border-bottom-color:var(--muted)}
    tbody th{font-weight:500}
    tr.group th{padding-top:14px;font-weight:600;max-width:none}
    .n{text-align:right;white-space:nowrap}
    .t{min-width:17rem}
    footer{margin-top:3rem;color:var(--muted);font-size:.85rem}
    @media (max-width:640px){main{padding:16px 12px 32px}h1{font-size:1.5rem}.figures dd{font-size:1.2rem}
    .figures{grid-template-columns:1fr 1fr}.names{columns:1}svg text.centre{font-size:17px}
    svg text{font-size:12.5px}tbody th{max-width:42vw;min-width:6.5rem;overflow-wrap:break-word}
    tbody th.n{min-width:0}}
    @media print{html{font-size:10pt}body{font-size:1rem}main{max-width:none;padding:0 2px}
    nav{display:none}h2{break-after:avoid;margin-top:18pt}
    .scroll{overflow:visible}tr{break-inside:avoid}.t{min-width:0}.grid{grid-template-columns:repeat(2,1fr)}
    .maps{grid-template-columns:repeat(2,1fr)}*{-webkit-print-color-adjust:exact;print-color-adjust:exact}}
    """
}
