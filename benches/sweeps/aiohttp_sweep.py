"""The calls of a sweep, as one would write them in Python: aiohttp_sweep.py URL TOKEN CONCURRENCY.

Asks who it is, lists pages, cards and apps, renders each card, CONCURRENCY at once, and prints how many work. Nothing is
saved.
"""

import asyncio
import sys

import aiohttp

BATCH = 100


async def listed(session, url, path, rows, order):
    """The rows of a list, batch after batch."""
    found = []
    while True:
        address = f"{url}{path}?limit={BATCH}&skip={len(found)}"
        async with session.post(address, json={"orderBy": order, "ascending": True}) as answer:
            batch = (await answer.json()).get(rows, [])
        found += batch
        if len(batch) < BATCH:
            return found


async def render(session, turn, url, card):
    address = f"{url}/api/content/v1/cards/kpi/{card}/render?parts=dynamic,summary"
    async with turn, session.put(address, json={}) as answer:
        body = await answer.json()
        return answer.status == 200 and body["summary"]["status"] == "success"


async def main(url, token, concurrency):
    turn = asyncio.Semaphore(concurrency)
    connector = aiohttp.TCPConnector(limit=concurrency)
    headers = {"X-DOMO-Developer-Token": token}
    async with aiohttp.ClientSession(connector=connector, headers=headers) as session:
        async with session.get(f"{url}/api/content/v2/users/me") as answer:
            answer.raise_for_status()
        await listed(session, url, "/api/content/v1/pages/adminsummary", "pageAdminSummaries", "pageTitle")
        await listed(session, url, "/api/content/v1/dataapps/adminsummary", "dataAppAdminSummaries", "title")
        cards = await listed(session, url, "/api/content/v2/cards/adminsummary", "cardAdminSummaries", "cardTitle")
        ids = [card["id"] for card in cards if card["type"] == "kpi"]
        print(sum(await asyncio.gather(*(render(session, turn, url, card) for card in ids))))


asyncio.run(main(sys.argv[1], sys.argv[2], int(sys.argv[3])))
