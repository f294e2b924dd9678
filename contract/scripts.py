"""The steps that Redis takes as one: each script runs whole or not at all.

A message's content is one string; what Celery finds in the list that is the queue is an envelope with the id alone. The
id is in its queue's `pending` until a worker takes it, and in `held` from then until it is answered.

A job is one hash: `job` (packed facts), `seq`, `deadline`, `started`, `finished`, `cancelled`, `images`, `settled`,
`chunks`, `done_chunks`, `done_images`, `good_images`, `version`, and `r:<k>`, the answers of chunk k. A chunk's field
is written once, whoever delivers it again; an empty one says that the chunk was dropped (expired). A job in the outbox
(contract.outbox) that ends is due at once. `settled` counts messages, of which a chunk that was submitted twice has
two, and may be more than `images`.

A model's flow is one hash of counters of images. The difference of `submitted` and `settled` waits: an image is counted
with its message, when that is written, and when it is answered and goes, whatever became of the job meanwhile. Those of
bulk are counted a second time, as `bulk_submitted` and `bulk_settled`. A job's `seq` is how many images its queue had
ever been given with it.
"""

#: KEYS flow, index, pending, queue, job..., message... ARGV limit, ttl, deadline, oldest id, now, 1 if bulk, number of
#: jobs, then for each job: id, packed, images, chunks, then for each message: id, content, envelope, images. Answers
#: {accepted 1 or 0, images that waited before}.
CREATE = """
local limit, ttl, deadline, oldest = tonumber(ARGV[1]), ARGV[2], ARGV[3], ARGV[4]
local bulk, jobs = ARGV[6] == '1', tonumber(ARGV[7])
local flow = redis.call('HMGET', KEYS[1], 'submitted', 'settled', 'bulk_submitted')
for i = 1, 3 do flow[i] = tonumber(flow[i] or '0') end
local before, seq, added = flow[1] - flow[2], bulk and flow[3] or flow[1] - flow[3], 0
local fresh = {}
for i = jobs + 5, #KEYS do
    if redis.call('EXISTS', KEYS[i]) == 0 then
        fresh[i] = jobs * 4 + 8 + (i - jobs - 5) * 4
        added = added + tonumber(ARGV[fresh[i] + 3])
    end
end
if before + added > limit then return {0, before} end
for i = 5, jobs + 4 do
    local at = (i - 5) * 4 + 8
    seq = seq + tonumber(ARGV[at + 2])
    if redis.call('EXISTS', KEYS[i]) == 0 then
        redis.call('HSET', KEYS[i], 'job', ARGV[at + 1], 'seq', seq, 'deadline', deadline,
            'images', ARGV[at + 2], 'settled', 0, 'chunks', ARGV[at + 3])
        redis.call('EXPIRE', KEYS[i], ttl)
        redis.call('ZADD', KEYS[2], 0, ARGV[at])
    end
end
for i = jobs + 5, #KEYS do
    local at = fresh[i]
    if at then
        redis.call('HINCRBY', KEYS[1], 'submitted', ARGV[at + 3])
        if bulk then redis.call('HINCRBY', KEYS[1], 'bulk_submitted', ARGV[at + 3]) end
        redis.call('SET', KEYS[i], ARGV[at + 1])
        redis.call('ZADD', KEYS[3], ARGV[5], ARGV[at])
        redis.call('LPUSH', KEYS[4], ARGV[at + 2])
    end
end
-- Last: after a first write Redis lets a script go over its memory limit, and this one needs no memory to begin.
redis.call('ZREMRANGEBYLEX', KEYS[2], '-', '(' .. oldest)
return {1, before}
"""

#: KEYS message, pending, held. ARGV id, now, what a job's key begins with. Answers {the message's content, then for
#: each of its parts 1 if it is to be run, else 0}, or nil if it has been answered.
TAKE = """
local content = redis.call('GET', KEYS[1])
redis.call('ZREM', KEYS[2], ARGV[1])
if not content then return false end
redis.call('ZADD', KEYS[3], ARGV[2], ARGV[1])
local answer = {content}
local parts = cjson.decode(string.sub(content, 1, string.find(content, '\\n', 1, true) - 1)).parts
for i, part in ipairs(parts) do
    local job = ARGV[3] .. part[1]
    local facts = redis.call('HMGET', job, 'deadline', 'cancelled', 'r:' .. part[2])
    if facts[1] and not facts[2] and not facts[3] and tonumber(facts[1]) >= tonumber(ARGV[2]) then
        redis.call('HSETNX', job, 'started', ARGV[2])
        answer[i + 1] = 1
    else
        answer[i + 1] = 0
    end
end
return answer
"""

#: KEYS flow, pending, held, message, outbox, job... ARGV now, result ttl, channel, message id, its images, 1 if bulk,
#: version, then for each job: id, chunk, packed answers ('' if not run), images, how many of them got predictions. What
#: comes after a job's deadline is dropped: it has been told to have expired. Answers 1, or 0 where the message is still
#: to be run: a part was not, because its job was taken back, and that job has been made anew since, with its id.
FINISH = """
local now, ttl = ARGV[1], ARGV[2]
local told, first = {}, false
local function revived(i, at)
    if ARGV[at + 2] ~= '' then return false end
    local facts = redis.call('HMGET', KEYS[i], 'deadline', 'cancelled', 'r:' .. ARGV[at + 1])
    return facts[1] and not facts[2] and not facts[3] and tonumber(facts[1]) >= tonumber(now)
end
if redis.call('EXISTS', KEYS[4]) == 1 then
    for i = 6, #KEYS do
        if revived(i, (i - 6) * 5 + 8) then return 0 end
    end
end
-- First, so that a Redis without memory gets some back: what follows is then allowed.
if redis.call('DEL', KEYS[4]) == 1 then
    first = true
    redis.call('HINCRBY', KEYS[1], 'settled', ARGV[5])
    if ARGV[6] == '1' then redis.call('HINCRBY', KEYS[1], 'bulk_settled', ARGV[5]) end
end
redis.call('ZREM', KEYS[2], ARGV[4])
redis.call('ZREM', KEYS[3], ARGV[4])
for i = 6, #KEYS do
    local at = (i - 6) * 5 + 8
    local id, field, answers, images = ARGV[at], 'r:' .. ARGV[at + 1], ARGV[at + 2], ARGV[at + 3]
    local facts = redis.call('HMGET', KEYS[i], 'deadline', 'cancelled', 'chunks')
    -- With the message, and not with the answer: that may have come from a worker that was slow, before.
    if facts[1] and first then redis.call('HINCRBY', KEYS[i], 'settled', images) end
    -- One that was revived has a message of its own where this one is gone.
    if facts[1] and not facts[2] and not revived(i, at) then
        if tonumber(facts[1]) < tonumber(now) then answers = '' end
        if redis.call('HSETNX', KEYS[i], field, answers) == 1 then
            if answers ~= '' then
                redis.call('HINCRBY', KEYS[i], 'done_images', images)
                redis.call('HINCRBY', KEYS[i], 'good_images', ARGV[at + 4])
                redis.call('HSET', KEYS[i], 'version', ARGV[7])
                if redis.call('HINCRBY', KEYS[i], 'done_chunks', 1) == tonumber(facts[3]) then
                    redis.call('HSET', KEYS[i], 'finished', now)
                    redis.call('EXPIRE', KEYS[i], ttl)
                    redis.call('ZADD', KEYS[5], 'XX', now, id)
                end
            end
            told[#told + 1] = id
        end
    end
end
if #told > 0 then redis.call('PUBLISH', ARGV[3], table.concat(told, ' ')) end
return 1
"""

#: KEYS job, outbox. ARGV now, result ttl, channel, id. Answers 1 if it is cancelled now, 0 if it had ended, -1 if it is
#: unknown.
CANCEL = """
local facts = redis.call('HMGET', KEYS[1], 'finished', 'cancelled', 'deadline')
if not facts[3] then return -1 end
-- The same call once more, whose reply was lost.
if facts[2] == ARGV[1] then return 1 end
if facts[1] or facts[2] or tonumber(facts[3]) < tonumber(ARGV[1]) then return 0 end
-- First, because it needs no memory: what follows is then allowed.
redis.call('EXPIRE', KEYS[1], ARGV[2])
redis.call('HSET', KEYS[1], 'cancelled', ARGV[1])
redis.call('ZADD', KEYS[2], 'XX', ARGV[1], ARGV[4])
redis.call('PUBLISH', ARGV[3], ARGV[4])
return 1
"""

#: KEYS job, index, forgotten. ARGV id, ttl. Answers 1 if it was there. While its messages are, no other job may
#: have its id: they would settle that one without running it.
FORGET = """
local facts = redis.call('HMGET', KEYS[1], 'images', 'settled')
redis.call('ZREM', KEYS[2], ARGV[1])
if not facts[1] then return 0 end
if facts[1] - facts[2] > 0 then redis.call('SET', KEYS[3], '', 'EX', ARGV[2]) end
return redis.call('DEL', KEYS[1])
"""

#: KEYS idempotency key. ARGV digest of the request, id of its job, ttl, what a forgotten job's key begins with, and a
#: job's, oldest id of a job whose record must still be there. Binds the key if it is not bound, or for the same request
#: to a job that was forgotten unsettled or is older than results are kept; answers what to. A younger one without a
#: record is about to be written.
RESERVE = """
local bound = redis.call('GET', KEYS[1])
if bound then
    local digest, id = string.match(bound, '^(%S+) (%S+)$')
    local gone = id < ARGV[6] and redis.call('EXISTS', ARGV[5] .. id) == 0
    if digest ~= ARGV[1] or not (gone or redis.call('EXISTS', ARGV[4] .. id) == 1) then return bound end
end
redis.call('SET', KEYS[1], ARGV[1] .. ' ' .. ARGV[2], 'EX', ARGV[3])
return redis.call('GET', KEYS[1])
"""

#: KEYS idempotency key, job. ARGV id of the job. Answers 1 if the key was bound to a job that never came to be.
RELEASE = """
local bound = redis.call('GET', KEYS[1])
if not bound or string.sub(bound, -#ARGV[1]) ~= ARGV[1] or redis.call('EXISTS', KEYS[2]) == 1 then return 0 end
return redis.call('DEL', KEYS[1])
"""

#: KEYS message, its new key, pending, held, queue. ARGV id, new id, now, new envelope. Answers 1 if it was still to be
#: answered. A new id, because the envelope of the old one may still be under way.
RENEW = """
redis.call('ZREM', KEYS[3], ARGV[1])
redis.call('ZREM', KEYS[4], ARGV[1])
if redis.call('EXISTS', KEYS[1]) == 0 then return 0 end
redis.call('RENAME', KEYS[1], KEYS[2])
redis.call('ZADD', KEYS[3], ARGV[3], ARGV[2])
redis.call('LPUSH', KEYS[5], ARGV[4])
return 1
"""
