"""The texts of :mod:`linli.drafting.starter`. ``<word>`` is filled in; a line that ends with ``#?word`` is
left out when that word is empty."""

# ruff: noqa: E501 — a line of a text is as long as people write it

PACK = """\
# 制度包：这里的层级、职务、日历、办理结果都沿用 <extends>，要改哪一项就在这里重写哪一项。
pack: <name>
title: {zh: <zh>, en: <en>}
extends: <extends>
"""

PARAMETERS = """\
# 每个数字都写明从哪天起、依据什么。以后要改，不动旧的一行：给它补上 to，再加一行新的。
<name>_first_limit:
  - {from: <valid_from>, value: <first_amount>, unit: <unit>, calendar: <calendar>, source: "setting: 待确认"}
<name>_upper_limit:#?upper_amount
  - {from: <valid_from>, value: <upper_amount>, unit: <unit>, calendar: <calendar>, source: "setting: 待确认"}#?upper_amount
# 对外的答复承诺，从提出那天算起#?promise_amount
<name>_promise_limit:#?promise_amount
  - {from: <valid_from>, value: <promise_amount>, unit: <unit>, calendar: <calendar>, source: "setting: 待确认"}#?promise_amount
# 答复以后等这么久，没有人说没解决，就办结#?wait
<name>_wait_limit:#?wait
  - {from: <valid_from>, value: <wait>, unit: day, source: "setting: 待确认"}#?wait
"""

HEAD = """\
# 一项制度要说清五件事：谁提出、谁来办、多久办完、办不完怎么办、怎么答复。
# 改完就检验：linli check 制度包的文件夹
institution: <name>
title: {zh: <title_zh>, en: <title_en>}
source: <source>
valid_from: <valid_from>
public: <public>          # 居民能不能从首页发起
raised_by: <raiser>      # 谁提出，就必须答复谁

parties:
  <raiser>: {who: <who>, title: {zh: <raiser_zh>, en: <raiser_en>}}

"""

ROLES = """\
# 角色：哪一级的哪个职务。职务在 pack.yaml 里，人到岗、离岗不用改这里。
roles:
  first: {duty: <first_duty>, at: <first_at>, title: {zh: <first_zh>, en: <first_en>}}
  upper: {duty: <upper_duty>, at: <upper_at><upper_never>, title: {zh: <upper_zh>, en: <upper_en>}}#?upper_duty

"""

FIELDS = """\
# 要记什么；class 是谁能看：party 当事人也看得到，handler 只有经办的人看得到。
fields:
  text:   {type: text, max: 2000, class: <class>, title: {zh: 什么事, en: What is the matter}}
  answer: {type: text, max: 2000, class: <class>, title: {zh: 答复内容, en: Answer}}
  reason: {type: text, max: 500, class: handler, title: {zh: 理由, en: Reason}}#?upper_duty

"""

OPEN = """\
# 开办
open:
  title: {zh: 提出, en: Raise it}
  by: <opens>
  needs: [text]
  to: received
  tells: <told>#?told
  says: {zh: "已登记，编号 {number}，最晚 {promise} 答复您。", en: "Registered as {number}; you will have an answer by {promise}."}#?told

"""

CLOCKS = """\
# 对外承诺：从提出那天算起，转到哪一级都不重新计时。
clocks:
  promise:
    title: {zh: 答复承诺, en: Promised answer}
    from: [open, not_solved]
    limit: <name>_promise_limit
    tells: [<raiser>, holder]
    counts: overdue

"""

_SOLVE = """\
      solve:
        title: {zh: 办好了，答复, en: Answer}
        by: ROLE
        needs: [answer]
        answers: <raiser>
        result: <results>
        tier: <ROLE_tier>#?ROLE_tier
        to: <done>
        says: {zh: "您的事项 {number} 已有答复：{answer}", en: "Answer to {number}: {answer}"}#?told
"""

_PRESS = """\
      press:
        title: {zh: 逾期催办, en: Press}
        by: clock
        counts: pressed
        tells: holder
"""

STAGES = """\
# 环节：每个没办结的环节都有办理人、时限，和到期自动做的动作（overdue）。
stages:
  received:
    title: {zh: 受理, en: Received}
    holder: first
    within: <name>_first_limit
    overdue: <overdue>
    acts:
""" + _SOLVE.replace("ROLE", "first")

CLIMB = """\
      pass_up:
        title: {zh: 办不了，报上一级, en: Pass up}
        by: [first, clock]
        needs: [reason]
        to: raised
"""

PRESS = _PRESS

UPPER = (
    """\
  raised:
    title: {zh: 上一级办理, en: One level up}
    holder: upper
    within: <name>_upper_limit
    overdue: press
    acts:
"""
    + _SOLVE.replace("ROLE", "upper")
    + _PRESS
)

ANSWERED = """\
  answered:
    title: {zh: 已答复, en: Answered}
    holder: first
    within: <name>_wait_limit
    overdue: lapse
    acts:
      not_solved: {title: {zh: 没解决, en: Not solved}, by: <raiser>, at_most: 1, to: received}
      lapse: {title: {zh: 到期办结, en: Closed after the wait}, by: clock, to: closed}
"""

END = """\
  closed: {end: true, title: {zh: 办结, en: Closed}}
"""

_CAST = "cast: {<cast>}\nsteps:\n"
_OPENED = "  - {at: <t0>, who: <opener>, act: open, with: {text: 路灯不亮}}\n"

ANSWERED_STORY = (
    "scenario: {zh: 办好了就答复, en: Answered at once}\n"
    + _CAST
    + _OPENED
    + """\
  - {at: <t1>, who: 小陈, act: solve, with: {answer: 已经修好<chosen>}}
until: <end>
expect: {stage: closed, result: <result>, told: [老李]}
"""
)

NOT_SOLVED = (
    "scenario: {zh: 提出人说没解决，再办一次, en: Not solved and done again}\n"
    + _CAST
    + _OPENED
    + """\
  - {at: <t1>, who: 小陈, act: solve, with: {answer: 已经报修<chosen>}}
  - {at: <t2>, who: 老李, act: not_solved}
  - {at: <t3>, who: 小陈, act: solve, with: {answer: 说明了原因<chosen_other>}}
until: <end>
expect: {stage: closed, result: <other>, told: [老李]}
"""
)

NOT_SOLVED_CLIMBS = NOT_SOLVED.replace(
    "who: 小陈, act: solve, with: {answer: 说明了原因",
    "who: 小陈, act: pass_up, with: {reason: 这里修不了}}\n  - {at: <t4>, who: 老周, act: solve, with: {answer: 说明了原因",
)

_LATE = (
    "scenario: {zh: 没有人办，到期自动往下走, en: Nobody acts and the clocks do}\n"
    + _CAST
    + _OPENED
    + "  - {at: <late>, who: <solver>, act: solve, with: {answer: 办好了<chosen>}}\n"
)

NOBODY = _LATE + "until: <late_end>\nexpect: {stage: closed, result: <result>, told: [老李]}\n"

CASE_NOBODY = _LATE + "expect: {stage: closed, result: <result>, told: [上级事项]}\n"

CASE_ANSWERED = (
    "scenario: {zh: 按时答复, en: Answered in time}\n"
    + _CAST
    + _OPENED
    + """\
  - {at: <t1>, who: 小陈, act: solve, with: {answer: 已经修好<chosen>}}
expect: {stage: closed, result: <result>, told: [上级事项]}
"""
)
