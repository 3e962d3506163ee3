// The style sheet of a report's page: light, dark, phone, paper.

/// What `ReportPage` puts into the page's head.
enum ReportStyle {
  /// The whole sheet; plots have one of their own.
  static let sheet = """
    :root{--paper:#ffffff;--panel:#f5f7fa;--ink:#151a21;--soft:#4a5361;--line:#d8dde4;
    --link:#1b5bb0;--accent:#2166c2;--hit:33,102,194;--miss:194,47,80;--right:#0f6b50;
    --wrong:#b3261e;color-scheme:light}
    @media screen and (prefers-color-scheme:dark){:root{--paper:#14181e;--panel:#1c222a;
    --ink:#eef1f5;--soft:#aeb7c2;--line:#343c47;--link:#86bcff;--accent:#6cb2ff;--hit:60,130,220;
    --miss:214,72,104;--right:#4fd1a5;--wrong:#ff9a92;color-scheme:dark}}
    *{box-sizing:border-box}
    html{scroll-behavior:smooth}
    @media (prefers-reduced-motion:reduce){html{scroll-behavior:auto}}
    body{margin:0;background:var(--paper);color:var(--ink);font:16px/1.5 -apple-system,"Segoe UI",
    Roboto,"Helvetica Neue",Arial,"DejaVu Sans",sans-serif;overflow-wrap:anywhere}
    header,main{max-width:1180px;margin:0 auto;padding:0 20px}
    main{padding-bottom:60px}
    h1{font-size:1.6rem;line-height:1.25;margin:.1em 0 .5em}
    h2{font-size:1.3rem;margin:1.8em 0 .6em;padding-top:.6em;border-top:2px solid var(--line)}
    h3{font-size:1.08rem;margin:1.8em 0 .5em}
    h4{font-size:1rem;margin:0}
    h5{font-size:.84rem;margin:.7em 0 .3em;color:var(--soft);font-weight:600}
    a{color:var(--link)}
    .kicker{margin:22px 0 0;color:var(--soft);font-size:.85rem;letter-spacing:.04em}
    .note{color:var(--soft);font-size:.88rem;margin:.2em 0}
    .skip{position:absolute;left:-999px}
    .skip:focus{left:8px;top:8px;background:var(--paper);padding:6px 10px;z-index:2}
    :focus-visible{outline:3px solid var(--accent);outline-offset:2px}
    nav ul{display:flex;flex-wrap:wrap;gap:6px 18px;list-style:none;padding:0;margin:0}
    .tiles dl{display:grid;grid-template-columns:repeat(auto-fit,minmax(200px,1fr));gap:12px;margin:0 0 18px}
    .tiles h3{margin:.6em 0 .4em}
    .tile{background:var(--panel);border:1px solid var(--line);border-radius:8px;padding:12px 14px}
    .tile dt{color:var(--soft);font-size:.85rem}
    .tile dd{margin:0;font-size:1.45rem;font-weight:650;line-height:1.3}
    .tile dd.note{font-size:.82rem;font-weight:400;line-height:1.4}
    .scroll{overflow-x:auto;max-width:100%}
    .tall{max-height:480px;overflow-y:auto;border:1px solid var(--line);border-radius:8px}
    .figures{display:grid;grid-template-columns:repeat(auto-fill,minmax(min(100%,340px),1fr));gap:18px 22px}
    .figures:empty{display:none}
    .chart{margin:0;min-width:0}
    .chart.wide{grid-column:1/-1}
    .chart figcaption{font-size:.92rem;font-weight:600;margin-bottom:2px}
    .chart .plot{max-width:100%;height:auto;display:block}
    .chart.wide .plot{min-width:620px}
    table{border-collapse:collapse;font-size:.88rem}
    th,td{text-align:left;padding:5px 12px;border-bottom:1px solid var(--line);vertical-align:top;font-weight:400}
    thead th{font-weight:600;background:var(--panel)}
    .tall thead th{position:sticky;top:0}
    .number{text-align:right;font-variant-numeric:tabular-nums;white-space:nowrap}
    .facts tbody th{color:var(--soft);white-space:nowrap}
    .facts td{font-variant-numeric:tabular-nums;min-width:150px}
    .sortable{width:100%}
    .sortable button{all:unset;cursor:pointer;font-weight:600}
    .sortable button:focus-visible{outline:3px solid var(--accent);outline-offset:2px}
    .sortable [aria-sort] button::after{content:" ↕";color:var(--soft)}
    .sortable [aria-sort=ascending] button::after{content:" ↑"}
    .sortable [aria-sort=descending] button::after{content:" ↓"}
    .controls{display:flex;flex-wrap:wrap;gap:10px 16px;align-items:center;font-size:.9rem;
    background:var(--panel);border:1px solid var(--line);border-radius:8px;padding:10px 14px;margin:10px 0 16px}
    .controls[hidden]{display:none}
    .controls select,.controls input,.controls>button{font:inherit;color:var(--ink);background:var(--paper);
    border:1px solid var(--soft);border-radius:6px;padding:4px 8px;max-width:100%}
    .controls ::placeholder{color:var(--soft);opacity:1}
    .controls>button[aria-pressed=true]{border-color:var(--accent);box-shadow:inset 0 0 0 1px var(--accent)}
    .controls output{color:var(--soft)}
    .category{border:1px solid var(--line);border-radius:8px;padding:12px 14px;margin:0 0 14px}
    .category[hidden],.card[hidden],.end[hidden]{display:none}
    .ends{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(100%,430px),1fr));gap:4px 24px}
    .cards{display:grid;grid-template-columns:repeat(auto-fill,minmax(104px,1fr));gap:12px;list-style:none;padding:0;margin:0}
    .card{min-width:0;font-size:.8rem;line-height:1.35}
    .card p{margin:0}
    .card img,.blank{width:100%;max-width:132px;aspect-ratio:1;height:auto;border-radius:6px;display:block;background:var(--panel)}
    .blank{display:grid;place-items:center;color:var(--soft);border:1px dashed var(--line)}
    .percent{font-size:1.02rem;font-weight:650;padding-top:4px;font-variant-numeric:tabular-nums}
    .meter{height:5px;max-width:132px;border-radius:3px;background:var(--line);margin:2px 0 4px;overflow:hidden}
    .meter::before{content:"";display:block;height:100%;width:var(--part);background:var(--accent)}
    .right .answer{color:var(--right)}
    .wrong .answer{color:var(--wrong)}
    .probability{color:var(--soft);white-space:nowrap}
    .card .path{color:var(--soft);font-size:.74rem}
    .confusion{margin:14px 0;border-collapse:separate;border-spacing:2px}
    .confusion caption{text-align:left;color:var(--soft);font-size:.85rem;padding-bottom:6px}
    .confusion th,.confusion td{border:0;padding:3px 6px}
    .confusion tbody th{white-space:nowrap;text-align:right}
    .confusion thead th{background:none;vertical-align:bottom;font-weight:400;padding:0}
    .confusion thead span{writing-mode:vertical-rl;transform:rotate(180deg);white-space:nowrap}
    .confusion tbody td{min-width:26px;text-align:center;border-radius:3px;font-variant-numeric:tabular-nums}
    .confusion .hit{background:rgba(var(--hit),var(--shade))}
    .confusion .miss{background:rgba(var(--miss),var(--shade))}
    @media (max-width:640px){header,main{padding:0 14px}h1{font-size:1.3rem}th,td{padding:4px 8px}
    .facts tbody th{white-space:normal;min-width:110px}.tiles dl{grid-template-columns:repeat(auto-fit,minmax(140px,1fr))}
    .tile dd{font-size:1.2rem}}
    @media print{body{font-size:11px}nav,.controls,.skip{display:none}.tall{max-height:none;overflow:visible}
    .scroll{overflow:visible}.card,.tile,.chart{break-inside:avoid}.chart.wide .plot{min-width:0}
    .category{break-inside:avoid-page}}
    """
}
