using System.Collections.ObjectModel;

namespace Imm.Core.Model;

/// <summary>Lists the regions of the service in ordinal order, with their names in a language.</summary>
internal sealed class ListRegions : Query<IReadOnlyList<ImmRegion>>
{
    public const string Parameter = "AcceptLanguage";

    // The regions that the vendor's SDKs of 2026 have endpoints for. The service's own names are not published.
    private static readonly (string Id, string Chinese, string English, string Japanese)[] Regions =
    [
        ("ap-south-1", "印度（孟买）", "India (Mumbai)", "インド (ムンバイ)"),
        ("ap-southeast-1", "新加坡", "Singapore", "シンガポール"),
        ("ap-southeast-2", "澳大利亚（悉尼）", "Australia (Sydney)", "オーストラリア (シドニー)"),
        ("ap-southeast-5", "印度尼西亚（雅加达）", "Indonesia (Jakarta)", "インドネシア (ジャカルタ)"),
        ("cn-beijing", "华北2（北京）", "China (Beijing)", "中国 (北京)"),
        ("cn-beijing-gov-1", "北京政务云1", "China (Beijing) Government 1", "中国 (北京) 政府クラウド 1"),
        ("cn-chengdu", "西南1（成都）", "China (Chengdu)", "中国 (成都)"),
        ("cn-guangzhou", "华南3（广州）", "China (Guangzhou)", "中国 (広州)"),
        ("cn-hangzhou", "华东1（杭州）", "China (Hangzhou)", "中国 (杭州)"),
        ("cn-hongkong", "中国香港", "China (Hong Kong)", "中国 (香港)"),
        ("cn-north-2-gov-1", "华北2 阿里政务云1", "China North 2 Ali Gov 1", "中国北部 2 Ali Gov 1"),
        ("cn-qingdao", "华北1（青岛）", "China (Qingdao)", "中国 (青島)"),
        ("cn-shanghai", "华东2（上海）", "China (Shanghai)", "中国 (上海)"),
        ("cn-shenzhen", "华南1（深圳）", "China (Shenzhen)", "中国 (深セン)"),
        ("cn-wulanchabu", "华北6（乌兰察布）", "China (Ulanqab)", "中国 (ウランチャブ)"),
        ("cn-zhangjiakou", "华北3（张家口）", "China (Zhangjiakou)", "中国 (張家口)"),
        ("eu-central-1", "德国（法兰克福）", "Germany (Frankfurt)", "ドイツ (フランクフルト)"),
        ("eu-west-1", "英国（伦敦）", "UK (London)", "イギリス (ロンドン)"),
        ("us-east-1", "美国（弗吉尼亚）", "US (Virginia)", "米国 (バージニア)"),
        ("us-west-1", "美国（硅谷）", "US (Silicon Valley)", "米国 (シリコンバレー)"),
    ];

    private static readonly ReadOnlyCollection<ImmRegion> InChinese = In(static region => region.Chinese);
    private static readonly ReadOnlyCollection<ImmRegion> InEnglish = In(static region => region.English);
    private static readonly ReadOnlyCollection<ImmRegion> InJapanese = In(static region => region.Japanese);

    private readonly IReadOnlyList<ImmRegion> _regions;

    private ListRegions(IReadOnlyList<ImmRegion> regions) => _regions = regions;

    /// <summary>Parses the language.</summary>
    public static ImmRefusal? Parse(string? acceptLanguage, out ListRegions? query)
    {
        IReadOnlyList<ImmRegion>? regions = acceptLanguage switch
        {
            "zh-CN" => InChinese,
            "en-US" => InEnglish,
            "ja" => InJapanese,
            _ => null,
        };
        query = regions is null ? null : new ListRegions(regions);
        return regions is not null ? null
            : string.IsNullOrEmpty(acceptLanguage) ? ImmRefusal.Missing(Parameter)
            : ImmRefusal.Invalid(Parameter, "it must be zh-CN, en-US or ja.");
    }

    public override ImmRefusal? Run(ScopeState state, out IReadOnlyList<ImmRegion>? answer)
    {
        answer = _regions;
        return null;
    }

    private static ReadOnlyCollection<ImmRegion> In(Func<(string Id, string Chinese, string English, string Japanese), string> name) =>
        Array.AsReadOnly(Array.ConvertAll(Regions, region => new ImmRegion(region.Id, name(region))));
}
