// The template of a report's page, in the Mustache language: {{text}} is escaped, {{{text}}} not.

/// What `ReportPage` fills in.
enum ReportTemplate {
  /// The whole page.
  static let text = """
    {{% CONTENT_TYPE:MARKUP}}<!DOCTYPE html>
    <html lang="en">
    <head>
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width, initial-scale=1">
    <meta http-equiv="Content-Security-Policy" content="default-src 'none'; img-src data:; \
    style-src 'unsafe-inline'; script-src 'sha256-{{{scriptHash}}}'">
    <meta name="color-scheme" content="light dark">
    <link rel="icon" href="data:,">
    <title>{{title}}</title>
    <style>
    {{{style}}}
    </style>
    </head>
    <body>
    <a class="skip" href="#content">To the content</a>
    <header>
    <p class="kicker">vared-train report</p>
    <h1>{{title}}</h1>
    <nav aria-label="Sections"><ul>
    <li><a href="#overview">Overview</a></li>
    <li><a href="#curves">Curves</a></li>
    {{#names}}<li><a href="#{{link}}">{{name}}</a></li>
    {{/names}}</ul></nav>
    </header>
    <main id="content">
    <section id="overview" aria-labelledby="overview-head">
    <h2 id="overview-head">Overview</h2>
    {{#tiles}}
    <div class="tiles">
    {{^isOne}}<h3>{{run}}</h3>{{/isOne}}
    <dl>
    {{#values}}
    <div class="tile"><dt>{{label}}</dt><dd data-tile="{{key}}">{{value}}</dd>
    <dd class="note">{{remark}}</dd></div>
    {{/values}}
    </dl>
    </div>
    {{/tiles}}
    <div class="figures">{{#comparison}}\(figure){{/comparison}}</div>
    <div class="scroll" tabindex="0" role="region" aria-label="Facts">
    <table class="facts">
    <thead><tr><th scope="col">fact</th>{{#names}}<th scope="col">{{name}}</th>{{/names}}</tr></thead>
    <tbody>
    {{#facts}}
    <tr><th scope="row">{{fact}}</th>{{#values}}<td data-fact="{{key}}">{{value}}</td>{{/values}}</tr>
    {{/facts}}
    </tbody>
    </table>
    </div>
    </section>
    <section id="curves" aria-labelledby="curves-head">
    <h2 id="curves-head">Curves</h2>
    <div class="figures">{{#curves}}\(figure){{/curves}}</div>
    </section>
    {{#sections}}
    <section id="{{link}}" class="run" aria-labelledby="{{link}}-head">
    <h2 id="{{link}}-head">{{heading}}</h2>
    \(policy)
    \(clips)
    \(classes)
    \(confusion)
    \(seconds)
    \(bad)
    </section>
    {{/sections}}
    </main>
    <script>{{{script}}}</script>
    </body>
    </html>

    """

  private static let figure = """
    <figure class="chart{{#isWide}} wide{{/isWide}}"><figcaption>{{caption}}</figcaption>
    <div class="scroll" tabindex="0" role="region" aria-label="{{caption}}">{{{svg}}}</div></figure>

    """

  private static let policy = """
    <h3>What gates decided</h3>
    {{#isDynamic}}
    <p class="note">Of each clip a layer computes some frames and channels; the rest is
    reconstructed. By class, layers count by their share of the cost.</p>
    <div class="figures">{{#policy}}\(figure){{/policy}}</div>
    {{/isDynamic}}
    {{^isDynamic}}<p class="note">Nothing: the network is fixed, every clip costs the same.</p>
    {{/isDynamic}}
    """

  private static let clips = """
    {{#hasCategories}}
    <h3>Clips that cost most and least</h3>
    <p class="note">In percent of the fixed network's convolutions, those that can be dynamic.
    {{#hasCategoriesMissing}}{{categoriesMissing}} classes are not shown.{{/hasCategoriesMissing}}
    {{#hasPictureProblem}}{{pictureProblem}}.{{/hasPictureProblem}}</p>
    <div class="clips">
    <div class="controls" role="group" aria-label="Sort and filter the clips" hidden>
    <label>Sort <select data-control="sort">
    <option value="order">in the classes' order</option>
    <option value="mean-down">most costly class first</option>
    <option value="mean-up">least costly class first</option>
    <option value="score-up">least accurate class first</option>
    <option value="score-down">most accurate class first</option>
    </select></label>
    <label>Show <select data-control="show">
    <option value="all">all clips</option>
    <option value="right">right answers</option>
    <option value="wrong">wrong answers</option>
    </select></label>
    <label>Find <input type="search" data-control="find" placeholder="class, path, answer"></label>
    <button type="button" data-control="still" aria-pressed="false">Still pictures</button>
    <output aria-live="polite"></output>
    </div>
    {{#categories}}
    <section class="category" data-mean="{{meanValue}}" data-score="{{scoreValue}}">
    <h4>{{category}}</h4>
    <p class="note">{{count}} clips, {{mean}} on average, {{scoreText}} {{scoreName}}</p>
    <div class="ends">
    {{#ends}}
    <div class="end"><h5>{{end}}</h5>
    <ul class="cards">
    {{#cards}}
    <li class="card {{#isRight}}right{{/isRight}}{{^isRight}}wrong{{/isRight}}" \
    data-text="{{category}} {{path}} {{prediction}}">
    {{#hasPicture}}<img src="{{{picture}}}" alt="{{words}}" width="96" height="96" \
    decoding="async">{{/hasPicture}}
    {{^hasPicture}}<div class="blank" role="img" aria-label="{{words}}">no picture</div>{{/hasPicture}}
    <p class="percent" title="{{gmacs}} GMAC">{{percent}}</p>
    <div class="meter" style="--part:{{part}}%" aria-hidden="true"></div>
    <p class="answer">{{#isRight}}✓{{/isRight}}{{^isRight}}✗{{/isRight}} {{prediction}}
    <span class="probability">{{probability}}</span></p>
    <p class="path">{{path}}</p>
    </li>
    {{/cards}}
    </ul></div>
    {{/ends}}
    </div>
    </section>
    {{/categories}}
    </div>
    {{/hasCategories}}
    """

  private static let classes = """
    <h3>Classes</h3>
    <div class="figures">{{#costs}}\(figure){{/costs}}</div>
    <div class="scroll tall" tabindex="0" role="region" aria-label="Classes of {{heading}}">
    <table class="sortable">
    <thead><tr><th scope="col">class</th><th scope="col" class="number">clips</th>
    <th scope="col" class="number">{{scoreName}}</th>
    <th scope="col" class="number">dynamic convolutions executed</th>
    <th scope="col" class="number">GMAC per view</th></tr></thead>
    <tbody>
    {{#classes}}
    <tr><th scope="row">{{name}}</th><td class="number">{{clips}}</td><td class="number">{{score}}</td>
    <td class="number">{{ratio}}</td><td class="number">{{gmacs}}</td></tr>
    {{/classes}}
    </tbody></table></div>
    """

  private static let confusion = """
    {{#hasConfusion}}
    <h3>Mistakes</h3>
    {{^hasMistakes}}<p class="note">None: every clip was answered rightly.</p>{{/hasMistakes}}
    {{#hasMistakes}}
    <div class="scroll tall" tabindex="0" role="region" aria-label="Frequent mistakes">
    <table class="sortable">
    <thead><tr><th scope="col">class</th><th scope="col">taken for</th>
    <th scope="col" class="number">clips</th><th scope="col" class="number">of the class</th></tr></thead>
    <tbody>
    {{#mistakes}}
    <tr><th scope="row">{{name}}</th><td>{{taken}}</td><td class="number">{{count}}</td>
    <td class="number">{{share}}</td></tr>
    {{/mistakes}}
    </tbody></table></div>
    {{/hasMistakes}}
    {{#hasMatrix}}
    <div class="scroll" tabindex="0" role="region" aria-label="Confusion matrix">
    <table class="confusion">
    <caption>Clips by class (row) and by what they were taken for (column)</caption>
    <thead><tr><td></td>{{#columns}}<th scope="col"><span>{{name}}</span></th>{{/columns}}</tr></thead>
    <tbody>
    {{#matrix}}
    <tr><th scope="row">{{name}}</th>{{#cells}}<td \
    class="{{#isHit}}hit{{/isHit}}{{^isHit}}miss{{/isHit}}" \
    style="--shade:{{shade}}%" title="{{words}}">{{count}}</td>{{/cells}}</tr>
    {{/matrix}}
    </tbody></table></div>
    {{/hasMatrix}}
    {{/hasConfusion}}
    """

  private static let seconds = """
    <h3>Seconds</h3>
    <div class="figures">{{#seconds}}\(figure){{/seconds}}</div>
    """

  private static let bad = """
    <h3>Clips that could not be decoded</h3>
    {{^hasBad}}<p class="note">None.</p>{{/hasBad}}
    {{#hasBad}}
    <div class="scroll tall" tabindex="0" role="region" aria-label="Bad clips of {{heading}}">
    <table class="sortable">
    <thead><tr><th scope="col">split</th><th scope="col">path</th><th scope="col">reason</th></tr></thead>
    <tbody>
    {{#bad}}
    <tr><td>{{split}}</td><td class="path">{{path}}</td><td>{{reason}}</td></tr>
    {{/bad}}
    </tbody></table></div>
    {{#hasBadMore}}<p class="note">{{badMore}} more are in the run's files.</p>{{/hasBadMore}}
    {{/hasBad}}
    """
}
